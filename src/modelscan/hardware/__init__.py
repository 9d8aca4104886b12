"""The CPU, memory and GPUs of this machine, as far as this process may use them.

machine     reads the whole machine, with warnings about what is wrong with it
cpu         the CPU and the host's memory, within affinity and cgroup limits
nvidia/     through NVML, or nvidia-smi where NVML cannot be loaded
amd/        from the kernel, completed by AMD's tools
probe       the result of probing one vendor, and its timeout
pci         the vendors of the display devices on the PCI bus
visibility  applies CUDA_VISIBLE_DEVICES and its ROCm equivalents
reserve     how much of a GPU's memory one process can get
gpu_table   facts about GPUs, looked up by name
described   a machine given by a description such as `8xh100-80gb`
machine_file  a machine from a file of `gpu --json`
"""
