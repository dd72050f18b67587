"""An explorer without a browser: parcels read back, messages by a comm that writes down."""

import base64
import json
import re

import numpy as np
from comm.base_comm import BaseComm

from workbench.widgets.explorer.answers import Answers
from workbench.widgets.explorer.given import shown_and_known
from workbench.widgets.explorer.normal import look_again
from workbench.widgets.explorer.opening import look


def answers_of(excavation, images, labels=None, **options):
    shown, known = shown_and_known(images, excavation)
    opening = look(excavation, shown, **options)
    return Answers(excavation, opening, look_again(excavation, known), labels)


def decoded(described, buffers):
    """Read arrays as the front end does: dtype and shape from the header, little endian."""
    return {
        one["name"]: np.frombuffer(buffer, np.dtype(one["dtype"]).newbyteorder("<")).reshape(
            one["shape"]
        )
        for one, buffer in zip(described, buffers, strict=True)
    }


def embedded(page):
    """Return what a page holds, by key: header and arrays."""
    (headers,) = re.findall(
        r'<script type="application/json" data-explorer="headers">(.*?)</script>', page, re.S
    )
    (coded,) = re.findall(
        r'<script type="text/plain" data-explorer="bytes">(.*?)</script>', page, re.S
    )
    content = base64.b64decode(coded)
    found = {}
    for parcel in json.loads(headers)["parcels"]:
        buffers = [
            content[one["offset"] :][
                : np.dtype(one["dtype"]).itemsize * int(np.prod(one["shape"], dtype=int))
            ]
            for one in parcel["arrays"]
        ]
        found[parcel["key"]] = (parcel["header"], decoded(parcel["arrays"], buffers))
    return found


class Line(BaseComm):
    """A comm without a kernel: what Python sends is written down, `say` is the front end."""

    def __init__(self, **options):
        self.sent = []
        super().__init__(**options)

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        self.sent.append((msg_type, data or {}, list(buffers or [])))

    def say(self, **content):
        """Send a message as the front end does; return the answers to it."""
        before = len(self.sent)
        message = {"content": {"data": {"method": "custom", "content": content}}, "buffers": []}
        self.handle_msg(message)
        return self.answers(before)

    def answers(self, start=0):
        return [
            (json.loads(json.dumps(data["content"], allow_nan=False)), buffers)
            for kind, data, buffers in self.sent[start:]
            if kind == "comm_msg" and data.get("method") == "custom"
        ]

    @property
    def state(self):
        """What a notebook would save of the widget."""
        (opened,) = [data for kind, data, _ in self.sent if kind == "comm_open"]
        return opened["state"]
