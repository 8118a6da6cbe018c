"""Starting Kezhi on one machine: the embedded database, the processes, the stages of a start."""
