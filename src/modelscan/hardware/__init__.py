"""What this machine has: CPU, memory and GPUs, as far as this process may use them.

machine     the whole machine, and what is wrong with it
cpu         affinity and cgroup limits count
nvidia/     NVML, or nvidia-smi where it cannot be loaded
amd/        the kernel's figures, enriched by AMD's tools
probe       what asking one vendor brings home, and how long it may take
pci         which vendors' devices are there at all
visibility  CUDA_VISIBLE_DEVICES and its kin, which only narrow
reserve     how much of a GPU one process can have
gpu_table   facts about GPUs by name
described   a machine that is not here, from its description
"""
