"""What people of the sandbox say: chat, notes, private messages, menus and subjects, all invented."""

# {name} is somebody else in the room, {room} the broadcaster.
CHAT = (
    "hey everyone",
    "hi {room}!",
    "good evening {room} 😊",
    "what did I miss?",
    "hahaha",
    "lol {name}",
    "that song is great",
    "love this one 🎶",
    "who sings this?",
    "wb {name}",
    "hi {name}, long time no see",
    "how was your weekend {room}?",
    "greetings from a very rainy place ☔",
    "just made tea, perfect timing",
    "is it late where you are?",
    "that hat suits you",
    "the new lights look fantastic ✨",
    "can you turn the music up a little?",
    "10/10 dance moves",
    "{name} you are hilarious",
    "brb",
    "back!",
    "my cat is watching too 🐈",
    "did you finish the book you talked about?",
    "goal is close, come on people",
    "almost there!!",
    "👏👏👏",
    "❤️",
    "🔥🔥",
    "привет {room}, как дела?",
    "こんばんは!",
    "hola a todos, ¿qué tal?",
    "bonsoir tout le monde",
    "grüße aus dem Zug 🚆",
    "안녕하세요",
    "ciao bella musica",
    "boa noite pessoal",
    "naïve question: what is the menu?",
    "pizza or pasta tonight?",
    "pasta, obviously",
    "no pineapple please",
    "this is the nicest room on the site",
    "you look happy today",
    "sound is fine here",
    "is the picture freezing for anyone else?",
    "refresh helps {name}",
    "ok now it works, thanks",
    "what's the plan for the weekend?",
    "I have to get up at 6 🙈",
    "one more song then I really go",
    "that's what you said an hour ago {name}",
    "gn all",
    "https://example.com/the-song-i-meant",
    "a < b && c > d, as we say at work",
    'he said "maybe", so: maybe',
    "first time here, hi!",
    "welcome {name}",
    "hmm",
    "+1",
    "wow",
)

OWNER = (
    "hi {name}! 😘",
    "welcome in everybody ✨",
    "haha {name} stop it",
    "how is everyone tonight?",
    "let me change the song",
    "remember to look at the menu below",
    "you are all so kind today ❤️",
    "water break, one second",
    "next goal, let's go!",
)

THANKS = ("thank you {name}!! ❤️", "wow {name}, thank you 🥰", "{name} you are the best", "tyvm {name} ✨")

NOTES = (
    "thanks for the show",
    "for the song",
    "happy birthday 🎂",
    "for the cat",
    "keep smiling",
    "buy yourself a coffee ☕",
    "goal!",
    "ありがとう",
    "more | please",
    "you deserve it",
)

# A tip menu: the option's text and its price.
MENU = (
    ("Song request", 55),
    ("Dance", 77),
    ("Pick the next movie", 120),
    ("Wave at me", 15),
    ("Funny hat", 44),
    ("red", 35),
    ("blue", 35),
)

TO_ROOM = (
    "hi, thanks for yesterday",
    "will you be here tomorrow?",
    "did you get my message?",
    "that song made my day",
    "sorry, have to leave early tonight",
    "how much is the photo set?",
    "меня зовут Саша, привет",
)

FROM_ROOM = (
    "thank you!",
    "tomorrow at the same time 😊",
    "it is on my profile",
    "sleep well!",
    "haha, of course",
)

THEMES = (
    "Music night ✨ naïve café edition",
    "Chill evening, tea and vinyl",
    "Movie quiz with friends",
    "Karaoke Thursday 🎤",
)
GOALS = (("song", 800), ("dance", 1200), ("karaoke duet", 1500), ("silly hat for an hour", 600))
TAGS = ("#music #chatty #音楽", "#dance #smile #new", "#talk #cozy")

# Set id (numbers and texts both occur upstream), type, title, price.
MEDIA: tuple[tuple[int | str, str, str, int], ...] = (
    (1001, "photos", "Sample photo set", 99),
    (1002, "video", "Sample clip ♥", 250),
    ("m1003", "video", "Behind the scenes", 180),
    ("m1004", "photos", "Autumn walk", 75),
    (1005, "photos", "Café 写真", 120),
)
