"""Makes a streamer, or finds the one that exists.

    MOONTEE_URL=... MOONTEE_CREDENTIALS=... python3 create_streamer.py [ID [APP [WIDTHxHEIGHT]]]
"""

import json
import os
import sys
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

URL = os.environ.get("MOONTEE_URL", "http://127.0.0.1:8080").rstrip("/")
CREDENTIALS = os.environ.get("MOONTEE_CREDENTIALS")


class Refused(Exception):
    """The server answered with an error."""

    def __init__(self, status, code, message):
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code


def call(method, path, body=None, timeout=10):
    """One request of the REST interface."""
    headers = {}
    if CREDENTIALS is not None:
        headers["Authorization"] = f"Bearer {CREDENTIALS}"
    data = None
    if body is not None:
        headers["Content-Type"] = "application/json"
        data = json.dumps(body).encode()
    request = Request(f"{URL}/api{path}", data=data, headers=headers, method=method)
    try:
        with urlopen(request, timeout=timeout) as response:
            text = response.read()
    except HTTPError as error:
        try:
            answer = json.loads(error.read())
        except ValueError:
            answer = {}
        code = answer.get("code", f"HTTP_{error.code}")
        raise Refused(error.code, code, answer.get("error", error.reason)) from error
    return json.loads(text) if text else None


def find_app(title):
    """The first host that is paired and answers, and its app."""
    for host in call("GET", "/hosts")["hosts"]:
        if host["paired"] != "Paired" or host["server_state"] is None:
            continue
        for app in call("GET", f"/apps?host_id={host['host_id']}")["apps"]:
            if title is None or app["title"] == title:
                return {"host_id": host["host_id"], "app_id": app["app_id"]}
    raise LookupError("No paired host answers that has this app")


def create_or_find(streamer_id, title, width, height):
    settings = {
        "streamer_id": streamer_id,
        # An identity of its own towards the host, kept for the next time.
        "client_unique_id": streamer_id,
        **find_app(title),
        "width": width,
        "height": height,
        "fps": 60,
        "bitrate": 20_000,  # kbit/s
        "packet_size": 1024,
        "video_supported_formats": 1,  # H.264, which every browser plays
        "video_colorspace": "Rec709",
        "video_color_range_full": False,
        "play_audio_local": False,
        "video_sample_queue_size": 10,
        "audio_sample_queue_size": 10,
    }
    try:
        # The server answers when the session with the host runs.
        return call("POST", "/streamers", settings, timeout=40)
    except Refused as refused:
        if refused.code != "STREAMER_EXISTS":
            raise
        return call("GET", f"/streamers/{quote(streamer_id, safe='')}")


def main(streamer_id="desk", title=None, size="1920x1080"):
    width, height = map(int, size.split("x"))
    streamer = create_or_find(streamer_id, title, width, height)
    print(f"{streamer_id} is {streamer['status']}: {URL}/#/streamers/{streamer_id}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:4])
    except (Refused, LookupError, URLError, TimeoutError) as error:
        sys.exit(str(error))
