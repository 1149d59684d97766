"""Where networks come in: one adapter for each framework.

An adapter answers one question, "what is one step of this model, and what is its Jacobian?", as
`Dynamics`. Standard cells of a framework become the canonical cells of `stillpoint.cells`;
everything else is differentiated by its own framework. Importing this package imports none.
"""
