"""What pages of files show: what to do next, the whole of one file, the tasks of one user."""

from .file_page import FilePage, file_page
from .next_steps import STEP_CODES, NextStep, next_step, step_url
from .tasks import Task, TaskPage, tasks

__all__ = [
    "STEP_CODES",
    "FilePage",
    "NextStep",
    "Task",
    "TaskPage",
    "file_page",
    "next_step",
    "step_url",
    "tasks",
]
