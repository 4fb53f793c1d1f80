"""Files that PyTorch saves (.pth), read without executing anything.

`machine` runs a pickle's instructions, of which none calls anything; `formats` knows the files that pickles lie in;
`stored` makes tensors of what they describe; `state_dicts` finds one network's weights among it.
"""
