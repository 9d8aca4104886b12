"""AMD GPUs, from three sources of which any one suffices.

read   merges the sources into GPUs
sysfs  the kernel: KFD and DRM
tools  parses the JSON of rocm-smi and amd-smi in all its versions (pure)
"""
