"""Peer: the stateless echo, wechatpy on Flask. It keeps nothing and knows nobody."""

from __future__ import annotations

import os

from flask import Flask, Response, request
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.replies import create_reply

app = Flask(__name__)
crypto = WeChatCrypto(os.environ["PEER_TOKEN"], os.environ["PEER_AES_KEY"], os.environ["PEER_APP_ID"])


@app.post("/callback/main")
def callback() -> Response:
    said = request.args
    xml = crypto.decrypt_message(request.data, said["msg_signature"], said["timestamp"], said["nonce"])
    message = parse_message(xml)
    reply = create_reply(message.content, message).render()
    return Response(crypto.encrypt_message(reply, said["nonce"], said["timestamp"]), mimetype="application/xml")


@app.get("/healthz")
def alive() -> str:
    return "ok"
