"""Sentences of the command line, the typed commands, the terminal and a headless server.

Band: words. A part of the table in texts.py, which holds the words of the windows.
"""

from typing import Final

PROGRAM_TEXTS: Final[dict[str, tuple[str, str]]] = {
    # --- entering and leaving ---
    "entered.accepted": (
        "Name accepted. You can send messages now.",
        "Nama diterima. Anda sudah bisa mengirim pesan.",
    ),
    "entered.returned": (
        "You are back as {name}. Nothing was lost.",
        "Anda kembali sebagai {name}. Tidak ada yang hilang.",
    ),
    "left.closed": ("[INFO] Connection closed.", "[INFO] Koneksi ditutup."),
    # --- command line ---
    "cli.server": (
        "Start a private room for the people on your network. Without --headless a window opens.",
        "Mulai ruang pribadi untuk orang-orang di jaringan Anda. Tanpa --headless, jendela terbuka.",
    ),
    "cli.client": (
        "Enter a Ruang room. Without --terminal or --json a window opens.",
        "Masuk ke ruang Ruang. Tanpa --terminal atau --json, jendela terbuka.",
    ),
    "cli.version": ("show the version and exit", "tampilkan versi lalu selesai"),
    "cli.server.headless": (
        "run without a window; commands are read from standard input",
        "jalankan tanpa jendela; perintah dibaca dari masukan standar",
    ),
    "cli.server.bind": (
        "own IP address to listen on; 0.0.0.0: every network",
        "alamat IP sendiri untuk didengarkan; 0.0.0.0: semua jaringan",
    ),
    "cli.server.port": ("UDP port; usually 8083", "port UDP; biasanya 8083"),
    "cli.server.password_file": (
        "file whose first line is the room's password",
        "file yang baris pertamanya kata sandi ruang",
    ),
    "cli.server.no_password": (
        "let everyone on the network in, without a password",
        "izinkan semua orang di jaringan masuk, tanpa kata sandi",
    ),
    "cli.server.name": ("name of the room", "nama ruang"),
    "cli.server.data": (
        "folder for database, archive, key and log; usually the one of server.py",
        "folder untuk basis data, arsip, kunci dan log; biasanya folder server.py",
    ),
    "cli.server.realms": (
        "who may link this server with others",
        "siapa yang boleh menghubungkan server ini dengan server lain",
    ),
    "cli.server.log_level": (
        "least weight of what server.log tells: debug, info, warning, error",
        "bobot terkecil yang dicatat server.log: debug, info, warning, error",
    ),
    "cli.server.lang": ("language: en or id", "bahasa: en atau id"),
    "cli.client.terminal": (
        "chat in this terminal instead of a window",
        "mengobrol di terminal ini, bukan di jendela",
    ),
    "cli.client.json": (
        "for scripts: lines in, one JSON object a line out",
        "untuk skrip: baris masuk, satu objek JSON per baris keluar",
    ),
    "cli.client.place": (
        "the server: HOST, HOST:PORT or [IPv6]:PORT",
        "server: HOST, HOST:PORT atau [IPv6]:PORT",
    ),
    "cli.client.name": ("your name in the room", "nama Anda di ruang"),
    "cli.client.password_file": (
        "file whose first line is the room's password",
        "file yang baris pertamanya kata sandi ruang",
    ),
    "cli.client.local": (
        "own address and port to send from",
        "alamat dan port sendiri untuk mengirim",
    ),
    "cli.client.trust_key": (
        "the server's key as its operator reads it out; replaces a key known before",
        "kunci server seperti dibacakan operatornya; menggantikan kunci yang dikenal sebelumnya",
    ),
    "cli.client.lang": ("language: en or id", "bahasa: en atau id"),
    "cli.error.port": (
        "{value} is not a port: write a number from 1 to 65535",
        "{value} bukan port: tulis angka dari 1 sampai 65535",
    ),
    "cli.error.place": (
        "{value} is not an address: write HOST, HOST:PORT or [IPv6]:PORT",
        "{value} bukan alamat: tulis HOST, HOST:PORT atau [IPv6]:PORT",
    ),
    "cli.error.key": (
        "{value} is not a key: write its four groups of four, or all 64 hex digits",
        "{value} bukan kunci: tulis keempat kelompok empat digit, atau semua 64 digit heksa",
    ),
    "cli.error.room_name": (
        "a room name has 1 to 64 visible letters",
        "nama ruang terdiri atas 1 sampai 64 huruf yang terlihat",
    ),
    "cli.error.language": (
        "{value} is not a language we have: write en or id",
        "{value} bukan bahasa yang tersedia: tulis en atau id",
    ),
    "cli.error.log_level": (
        "{value} is not a level: write debug, info, warning or error",
        "{value} bukan tingkat: tulis debug, info, warning atau error",
    ),
    "cli.error.realms": (
        "{value} is not known: write users, operator or off",
        "{value} tidak dikenal: tulis users, operator atau off",
    ),
    "cli.error.password_file": (
        "the password file {value} cannot be read",
        "file kata sandi {value} tidak bisa dibaca",
    ),
    "cli.error.password_empty": (
        "the password is empty; if everyone shall enter without one, say --no-password",
        "kata sandi kosong; jika semua orang boleh masuk tanpa kata sandi, tulis --no-password",
    ),
    "cli.error.no_password": (
        "--no-password and a password were both given",
        "--no-password dan kata sandi diberikan bersamaan",
    ),
    "cli.error.password_needed": (
        "no password was given: use --password-file F or RUANG_PASSWORD, or say --no-password",
        "kata sandi belum ada: pakai --password-file F atau RUANG_PASSWORD, atau tulis --no-password",
    ),
    "cli.error.json_needs": (
        "--json needs HOST, --name (or RUANG_NAME) and --password-file (or RUANG_PASSWORD)",
        "--json memerlukan HOST, --name (atau RUANG_NAME) dan --password-file (atau RUANG_PASSWORD)",
    ),
    # --- a computer that cannot show windows ---
    "program.no_tkinter": (
        "Windows need Tkinter, which this Python lacks. Install it:\n{how}\n"
        "(pip cannot: “tk” there is something else.) Without it: {instead}",
        "Jendela memerlukan Tkinter, yang tidak ada pada Python ini. Pasanglah:\n{how}\n"
        "(pip tidak bisa: “tk” di sana adalah hal lain.) Tanpa Tkinter: {instead}",
    ),
    "program.no_display": (
        "There is no screen to open a window on. Without a window: {instead}",
        "Tidak ada layar untuk membuka jendela. Tanpa jendela: {instead}",
    ),
    "program.crashed": (
        "Ruang ended by a defect or a broken disk: {reason}",
        "Ruang berhenti karena cacat program atau disk rusak: {reason}",
    ),
    # --- a headless server ---
    "console.password": ("password: {password}", "kata sandi: {password}"),
    "console.help": (
        "/kick USER\n/ban USER [MINUTES]\n/unban USER\n/mute USER [MINUTES]\n/unmute USER\n"
        "/info    who is here\n/help    this list\nexit     stop the server\n"
        'A name with spaces stands in quotes: /kick "Ibu Sari"',
        "/kick USER\n/ban USER [MENIT]\n/unban USER\n/mute USER [MENIT]\n/unmute USER\n"
        "/info    siapa yang ada\n/help    daftar ini\nexit     hentikan server\n"
        'Nama dengan spasi ditulis dalam tanda kutip: /kick "Ibu Sari"',
    ),
    "console.unknown": (
        "{command} is not a command here. /help lists them.",
        "{command} bukan perintah di sini. /help menampilkan semuanya.",
    ),
    "console.usage": ("Write: {usage}", "Tulis: {usage}"),
    "console.done": ("Done: {command}", "Selesai: {command}"),
    "console.stopping": (
        "Stopping: saying goodbye to everyone.",
        "Berhenti: berpamitan kepada semua orang.",
    ),
    # --- typed commands ---
    "command.help": ("list the commands, or explain one", "daftar perintah, atau jelaskan satu"),
    "command.info": ("who is active in this room", "siapa yang aktif di ruang ini"),
    "command.say": (
        'say anything, line breaks too: /say "first\\nsecond"',
        'katakan apa saja, juga baris baru: /say "pertama\\nkedua"',
    ),
    "command.exit": (
        "leave the room; only without a slash",
        "keluar dari ruang; tanpa garis miring",
    ),
    "command.slash": (
        "say a text that begins with a slash",
        "katakan teks yang diawali garis miring",
    ),
    "command.help_head": ("Commands:", "Perintah:"),
    "command.unknown": (
        "There is no command {command}. /help lists them; to say it, write /{command}",
        "Tidak ada perintah {command}. /help menampilkan semuanya; untuk mengatakannya, tulis /{command}",
    ),
    "command.usage": ("Write: {usage}", "Tulis: {usage}"),
    "command.sent": ("Message sent", "Pesan terkirim"),
    "command.active": ("Active now ({count}): {names}", "Aktif sekarang ({count}): {names}"),
    "command.away": ("{name} (away)", "{name} (pergi)"),
    "command.nobody": ("Nobody is active.", "Tidak ada yang aktif."),
    "command.doubt": (
        "This begins with “{word}” and may hold a password that everyone would read. To say it all "
        "the same, use /say.",
        "Ini diawali “{word}” dan mungkin memuat kata sandi yang akan dibaca semua orang. Jika tetap "
        "ingin mengatakannya, pakai /say.",
    ),
    # --- why a message was not taken ---
    "refused.text_too_long": (
        "This message is too long: at most 64,000 bytes.",
        "Pesan ini terlalu panjang: paling banyak 64.000 bita.",
    ),
    "refused.text_invalid": (
        "This message is empty or not text.",
        "Pesan ini kosong atau bukan teks.",
    ),
    "refused.muted": (
        "The operator has muted you; you can read but not write.",
        "Operator membisukan Anda; Anda bisa membaca tetapi tidak bisa menulis.",
    ),
    "refused.disk_full": (
        "The server's disk is full. The message was not saved.",
        "Disk server penuh. Pesan tidak disimpan.",
    ),
    "refused.other": (
        "The server did not take the message ({code}).",
        "Server tidak menerima pesan ini ({code}).",
    ),
    # --- the terminal ---
    "terminal.ask_place": ("Server address: ", "Alamat server: "),
    "terminal.ask_password": ("Room password: ", "Kata sandi ruang: "),
    "terminal.ask_name": ("Your name: ", "Nama Anda: "),
    "terminal.connecting": ("Connecting to {place} …", "Menghubungi {place} …"),
    "terminal.key": (
        "First time here. Ask the host to read you the key; it must be {key}",
        "Pertama kali di sini. Minta tuan rumah membacakan kunci; harus sama: {key}",
    ),
    "terminal.key_known": ("Key {key}, as before.", "Kunci {key}, sama seperti dahulu."),
    "terminal.key_changed": (
        "THE SERVER'S KEY HAS CHANGED. Known: {pinned}. Now: {key}. Either it was set up anew, or "
        "somebody pretends to be it. Nothing was sent. Ask the host to read you the key; if it is "
        "{key}, start again with: --trust-key {key}",
        "KUNCI SERVER BERUBAH. Dikenal: {pinned}. Sekarang: {key}. Mungkin server dipasang ulang, "
        "atau seseorang menyamar. Tidak ada yang dikirim. Minta tuan rumah membacakan kunci; jika "
        "sama dengan {key}, mulai lagi dengan: --trust-key {key}",
    ),
    "terminal.room": ("{room} · {count} here", "{room} · {count} orang"),
    "terminal.joined": ("{name} joined", "{name} masuk"),
    "terminal.left": ("{name} left", "{name} keluar"),
    "terminal.lost": (
        "[INFO] Connection lost. Trying again by itself; what you write is sent later.",
        "[INFO] Koneksi terputus. Dicoba lagi sendiri; yang Anda tulis dikirim nanti.",
    ),
    "terminal.back": ("[INFO] Connected again.", "[INFO] Terhubung lagi."),
    "terminal.log_replaced": (
        "[INFO] The server put back an older copy of this room. It follows from its beginning.",
        "[INFO] Server memasang kembali salinan lama ruang ini. Isinya menyusul dari awal.",
    ),
    "terminal.doubt": (
        "This begins with “{word}” and may hold a password that everyone would read. Send it? "
        "yes/no: ",
        "Ini diawali “{word}” dan mungkin memuat kata sandi yang akan dibaca semua orang. Kirim? "
        "ya/tidak: ",
    ),
    "terminal.yes": ("yes y", "ya y yes"),
    "terminal.not_sent": ("Not sent.", "Tidak dikirim."),
    "terminal.no_accounts": (
        "This server has no accounts yet. Choose a name without a password.",
        "Server ini belum punya akun. Pilih nama tanpa kata sandi.",
    ),
}
