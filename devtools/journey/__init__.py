"""The main job from end to end, over HTTP, as people and workers do it."""
