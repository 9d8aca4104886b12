"""NVIDIA GPUs, from the driver.

read     through NVML
smi      through nvidia-smi, where NVML cannot be loaded
links    how each pair of GPUs is connected
drivers  which driver each CUDA version needs
"""
