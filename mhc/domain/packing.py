"""Raw events, packed: an event of 450 bytes takes 50 to 90, and comes back byte for byte.

The first byte of a packed event names the dictionary; a new dictionary gets a new number, old ones stay.
"""

import zlib

_PLAIN = b"\x00"
_V1 = b"\x01"
_NO_DICTIONARY = b"\x02"
# The values and keys of the feed as its captured payloads have them; what is most common stands last.
_DICTIONARY_1 = (
    b'"id":"17"},"isSpying":true"isSilenced":true"isOwner":true,"isMod":true"isBroadcasting":true'
    b'"inPrivateShow":true"inFanclub":true"hasDarkmode":true"gender":"c""gender":"t""gender":"f"'
    b'"fcAutoRenew":true"colorGroup":"o""colorGroup":"m""colorGroup":"f""colorGroup":"l""colorGroup":"p"'
    b'"language":"de""language":"es""language":"fr""recentTips":"tons""recentTips":"lots""recentTips":"few"'
    b'"subgender":"tf""method":"broadcastStart""method":"broadcastStop""method":"fanclubJoin","object":{'
    b'"method":"unfollow""method":"roomSubjectChange""subject":"Goal: [ tokens left] #"method":"mediaPurchase"'
    b'"media":{"id":1,"name":"","tokens":,"type":"photos"},"type":"video"},"method":"follow","object":'
    b'{"method":"privateMessage","object":{"broadcaster":"","message":{"bgColor":null,"color":"","font":"default",'
    b'"fromUser":"","message":"","orig":null,"toUser":""},"user":{"method":"tip","object":{"broadcaster":"",'
    b'"tip":{"isAnon":true,"message":"| ","tokens":100},"tip":{"isAnon":false,"message":"","tokens":25},"user":'
    b'{"method":"userLeave","object":{"broadcaster":"","user":{"colorGroup":"g","fcAutoRenew":false,"gender":"m",'
    b'"hasDarkmode":true,"hasTokens":false,"inFanclub":false,{"method":"userEnter","object":{"broadcaster":"",'
    b'"user":{"method":"chatMessage","object":{"broadcaster":"","message":{"bgColor":null,"color":"",'
    b'"font":"default","message":"","orig":null},"user":{"colorGroup":"tr","fcAutoRenew":false,"gender":"m",'
    b'"hasDarkmode":false,"hasTokens":true,"inFanclub":false,"inPrivateShow":false,"isBroadcasting":false,'
    b'"isFollower":true,"isMod":false,"isOwner":false,"isSilenced":false,"isSpying":false,"language":"en",'
    b'"recentTips":"some","subgender":"","username":"viewer_"}},"id":"17"isFollower":false,"isMod":false,'
    b'"isOwner":false,"isSilenced":false,"isSpying":false,"language":"en","recentTips":"none","subgender":"",'
    b'"username":"'
)
_WINDOW = -12  # 4 KiB: the dictionary and an event; a small state is quick to set up
_MEMORY = 5
_MAX_INFLATED = 16 * 1024 * 1024


def pack(raw: bytes) -> bytes:
    """Pack one event's bytes."""
    packer = zlib.compressobj(6, zlib.DEFLATED, _WINDOW, _MEMORY, zlib.Z_DEFAULT_STRATEGY, _DICTIONARY_1)
    packed = packer.compress(raw) + packer.flush()
    return _V1 + packed if len(packed) < len(raw) else _PLAIN + raw


def pack_text(raw: bytes) -> bytes:
    """Pack what is no event: an answer of a few hundred bytes to some megabytes."""
    packed = zlib.compress(raw, 6, -15)
    return _NO_DICTIONARY + packed if len(packed) < len(raw) else _PLAIN + raw


def unpack(packed: bytes) -> bytes:
    """Give the bytes that were packed. Raises ValueError where they are damaged, or of an unknown dictionary."""
    kind, body = packed[:1], packed[1:]
    if kind == _PLAIN:
        return bytes(body)
    if kind == _V1:
        unpacker = zlib.decompressobj(_WINDOW, _DICTIONARY_1)
    elif kind == _NO_DICTIONARY:
        unpacker = zlib.decompressobj(-15)
    else:
        message = f"packed with dictionary {kind.hex()}, which this version does not know"
        raise ValueError(message)
    try:
        raw = unpacker.decompress(body, _MAX_INFLATED)
    except zlib.error:
        raise ValueError("a packed event is damaged") from None
    if not unpacker.eof:
        raise ValueError("a packed event is cut short")
    return raw
