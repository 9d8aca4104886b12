"""NVIDIA GPUs, asked of the driver.

read     through NVML
smi      through nvidia-smi, where NVML cannot be loaded
links    how each pair is joined
drivers  which driver a version of CUDA needs
"""
