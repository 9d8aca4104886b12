"""What verbs share before there is a plan: from a name to weights to a decision. Changes nothing.

context          the dependencies of a verb
requests         the user's options as values, and back to words
deployment_file  the same from a file
declared/        the same from a file of several deployments
addresses        addresses on a hub that are not a model's
words            words for a backend's command line, checked
adapters/        what goes on top of a model
resolve          from a name to a model and its weights
entries/         what entries of registered models mean for a request
resolved         the result of that
known_here       what is known of weights without asking a hub
machine          this machine, or a described one instead
moments          a moment as people write it
evidence         the basis of plans: shipped facts and measurements
plan             from the command line to the decision
command          the command line that deploy would run for a plan
judge            which models fit this machine
others           alternative models
ask              the question in answer to a family's name
installations    the installed backends
weights_here     the weights on this machine, and the deployments that use them
"""
