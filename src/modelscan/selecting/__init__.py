"""What verbs share before a plan stands: from a name to weights to a decision. Touches nothing.

context          the doors a verb may use, handed in
requests         what the user asked for, as values, and back
deployment_file  the same from a file
resolve          from a name to a model and its weights
resolved         what a name led to
known_here       what is known of weights without a hub
machine          this machine, or a described one in its place
evidence         what plans stand on: shipped facts and measurements
plan             from what was typed to the decision
judge            which models fit this machine
others           other models that would do
ask              the question that a family's name is answered with
installations    the installed backends
weights_here     what weights are here, whose they are, who uses them
"""
