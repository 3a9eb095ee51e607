"""`shuzhi bench`: how fast the system is on this machine, over a filled town. docs/bench.md says what is measured how."""
