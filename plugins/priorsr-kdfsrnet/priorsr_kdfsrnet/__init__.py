"""KDFSRNet (TCSVT 2022, doi 10.1109/TCSVT.2022.3181828): a plugin of priorsr."""
