"""Read files that PyTorch saved (.pth) without executing anything.

`machine` interprets pickle instructions without calling anything; `formats` opens the containers of pickles; `stored`
reads the tensors that they describe; `state_dicts` finds the weights of one network.
"""
