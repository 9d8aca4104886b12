"""What there is to choose from, before anything is decided.

setting          what all candidates of one plan share
facts            the shipped tables that the judgement rests on
speed_constants  what kernels reach and take, by GPU
eligibility      which backend can run on these devices at all
quantization     formats of weights, in the order a specialist takes them
gpu_filters      which GPUs a deployment file allows
rejection        a candidate that is not taken
recipe_minimum   the least memory that a recipe names, where sizes are not exact
kernel_faults    what kernels of a version lack or need on a GPU
layouts          how weights are spread over GPUs
stages           how many layers each stage of a pipeline gets
budget           how much memory may be used
context          the context length
concurrency      how many requests at once
chat_formats     the parsers of answers that a line of models needs
model_arguments  what a model needs whatever it runs on
allowances       the share of a GPU and the type of the KV cache, the usual first
"""
