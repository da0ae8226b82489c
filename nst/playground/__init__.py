"""The playground: steer a running style transfer with sliders, in a notebook.

Read the modules in this order: `session` (the steps, on one thread), `run` (its
pictures and curves, on another), `page` (what a person sees and touches), `playground`
(what that does). No step ever waits for the page. Only the modules of this folder
import ipywidgets.
"""

from nst.playground.playground import Playground

__all__ = ["Playground"]
