"""AMD GPUs; each of three ways suffices alone.

read   the GPUs, put together from what answered
sysfs  the kernel's own figures: KFD and DRM
tools  the JSON of rocm-smi and amd-smi, in all its shapes (pure)
"""
