"""Tasks to train networks on, a small trainer, and trained networks that come with the package."""

from .context_integration import ContextIntegration
from .delayed_match import DelayedMatch
from .flip_flop import FlipFlop
from .networks import ReadoutNetwork, load_network
from .neurogym import NeuroGymTask
from .perceptual_decision import PerceptualDecision
from .sine_wave import SineWave
from .trials import Task, Trials
from .working_memory import ParametricWorkingMemory

__all__ = [
    "ContextIntegration",
    "DelayedMatch",
    "FlipFlop",
    "NeuroGymTask",
    "ParametricWorkingMemory",
    "PerceptualDecision",
    "ReadoutNetwork",
    "SineWave",
    "Task",
    "Trials",
    "load_network",
]
