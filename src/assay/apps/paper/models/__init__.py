"""The models of a run: candidates, the champion, who may follow it, their teaching."""
