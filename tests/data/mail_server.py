"""A mail server for tests: takes messages apart and appends them to messages.jsonl.

usage: mail_server.py PORT FOLDER plain|starttls|tls

FOLDER holds certificate.pem and key.pem. Recipients called "busy" are refused for now, those called "nobody" for ever.
"""

import asyncio
import email
import email.policy
import json
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

port, folder, speech = int(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]


class Keeper:
    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.split("@")[0]
        if name == "busy":
            return "451 4.3.2 come again later"
        if name == "nobody":
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = {kind: part.get_content() if (part := message.get_body((kind,))) else None for kind in ("plain", "html")}
        kept = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": {name.lower(): str(value) for name, value in message.items()},
            "encrypted": session.ssl is not None or speech == "tls",
            "user": session.auth_data.decode() if session.auth_data else None,
            **body,
        }
        with open(folder / "messages.jsonl", "a", encoding="utf-8") as messages:
            messages.write(json.dumps(kept) + "\n")
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    is_right = data.login == b"desk" and data.password == b"right"
    return AuthResult(success=is_right, auth_data=data.login, handled=False)


context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
encrypted = {"tls_context": context, "require_starttls": True, "auth_required": True, "authenticator": authenticate}


async def serve():
    loop = asyncio.get_running_loop()
    make = lambda: SMTP(Keeper(), hostname="mail.example", loop=loop, **(encrypted if speech == "starttls" else {}))
    server = await loop.create_server(make, "127.0.0.1", port, ssl=context if speech == "tls" else None)
    await server.serve_forever()


asyncio.run(serve())
