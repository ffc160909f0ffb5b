#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A zygote for warren batch --zygote: what takes long is done once, each job is a fork.

    warren batch -r / --zygote 'python3 docs/examples/zygote.py' ::: 3 4 5
"""
import json.decoder  # noqa: F401  stands for the imports that take long
import os
import sys


def next_job():
    """Returns in each fork, with the words of its job; docs/zygote.md has the protocol."""
    os.write(0, b"ready")
    while message := os.read(0, 131072):
        if os.fork():
            continue
        args = []
        for item in message.rstrip(b"\0").split(b"\0"):
            kind, text = item[:1], os.fsdecode(item[1:])
            if kind == b"A":
                args.append(text)
            elif kind == b"E":
                os.environ.__setitem__(*text.split("=", 1))
            elif kind == b"C":
                os.chdir(text)
        return args
    os._exit(0)


if __name__ == "__main__":
    number = int(next_job()[0])
    print(number, "squared is", number * number)
