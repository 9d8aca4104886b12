"""A roofline: how fast a plan should be, to rank candidates. An estimate, never a measurement.

A decode step gives each request one token: it reads the weights that every token needs, the experts that this step's
tokens select and each request's KV cache, computes, and spends time that does not depend on size: kernels of each
layer, all-reduces between GPUs, scheduling. How far reading and computing overlap, and what each constant is, depends
on the GPU and the kernel: `catalogs/speeds.csv`.

estimate   the figures of a candidate, and by how much they may be off
processor  what computes it: a GPU of the table, or the CPU
step       the time of a step, from what it does
work       what a step reads, computes and sends on each processor
"""
