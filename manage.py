#!/usr/bin/env python3
from shuzhi.cli import main

if __name__ == "__main__":
    main()
