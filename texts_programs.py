"""Sentences of the command line, of entering and leaving, and of a headless server.

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
    "left.closed": ("[INFO] Connection closed.", "[INFO] Connection closed."),
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
        "folder for database, archive, files, key and log; usually the one of server.py",
        "folder untuk basis data, arsip, file, kunci dan log; biasanya folder server.py",
    ),
    "cli.server.realms": (
        "who may link this server with others: users, which is everybody in the room (usual), the "
        "operator alone, or nobody (off: no links at all)",
        "siapa yang boleh menghubungkan server ini dengan server lain: users, yaitu semua orang di "
        "ruang (biasanya), operator saja, atau tidak ada (off: tanpa sambungan)",
    ),
    "cli.server.files_space": (
        "how much all files may take, such as 20GB; usually 10 GiB",
        "tempat untuk semua file, misalnya 20GB; biasanya 10 GiB",
    ),
    "cli.server.largest_file": (
        "how large one file may be, such as 200MB; usually 2 GiB, which is the most",
        "ukuran paling besar satu file, misalnya 200MB; biasanya 2 GiB, yaitu yang terbesar",
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
    "cli.client.login": (
        "user of an account to log in as",
        "user akun untuk login",
    ),
    "cli.client.login_password_file": (
        "file whose first line is that account's password",
        "file yang baris pertamanya password akun itu",
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
    "cli.error.size": (
        "{value} is no size. Write a whole number and MB, GB or TB, such as 20GB.",
        "{value} bukan ukuran. Tulis bilangan bulat dan MB, GB atau TB, misalnya 20GB.",
    ),
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
        "--json needs HOST, --name or --login, and --password-file (or RUANG_PASSWORD)",
        "--json memerlukan HOST, --name atau --login, dan --password-file (atau RUANG_PASSWORD)",
    ),
    "cli.error.login_needs": (
        "--login needs --login-password-file (or RUANG_LOGIN_PASSWORD) here",
        "--login memerlukan --login-password-file (atau RUANG_LOGIN_PASSWORD) di sini",
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
        "/reset USER\n"
        "/files   what was shared, and the space it takes\n/removefile NUMBER    as /files shows it\n"
        "/addrealm NAME ADDRESS PORT [PASSWORD]\n/realms  the links to other realms\n"
        "/cutrealm NAME\n/restorerealm NAME\n/delrealm NAME\n"
        "/info    who is here\n/help    this list\nexit     stop the server\n"
        'A name with spaces stands in quotes: /kick "Ibu Sari"',
        "/kick USER\n/ban USER [MENIT]\n/unban USER\n/mute USER [MENIT]\n/unmute USER\n"
        "/reset USER\n"
        "/files   file yang dibagikan dan tempat yang dipakai\n/removefile NOMOR    menurut /files\n"
        "/addrealm NAMA ALAMAT PORT [KATA_SANDI]\n/realms  sambungan ke realm lain\n"
        "/cutrealm NAMA\n/restorerealm NAMA\n/delrealm NAMA\n"
        "/info    siapa yang ada\n/help    daftar ini\nexit     hentikan server\n"
        'Nama dengan spasi ditulis dalam tanda kutip: /kick "Ibu Sari"',
    ),
    "console.unknown": (
        "{command} is not a command here. /help lists them.",
        "{command} bukan perintah di sini. /help menampilkan semuanya.",
    ),
    "console.usage": ("Write: {usage}", "Tulis: {usage}"),
    "console.reset": (
        "One-time password of {name}, good for 24 hours: {code}",
        "Kata sandi sekali pakai {name}, berlaku 24 jam: {code}",
    ),
    "console.realm_added": ("Realm added: {name}", "Realm berhasil ditambahkan: {name}"),
    "console.realm_comes_back": (
        "Done: {name}. But that server calls this one with the password of this room, and is a realm "
        "again as soon as it does. /cutrealm keeps it away.",
        "Selesai: {name}. Tetapi server itu memanggil server ini dengan kata sandi ruang ini, dan "
        "menjadi realm lagi begitu memanggil. /cutrealm membuatnya tetap di luar.",
    ),
    "console.no_realms": ("No realm is linked.", "Tidak ada realm yang tersambung."),
    "console.realm": (
        "{name}  {state}  {address}  waiting: {waiting}",
        "{name}  {state}  {address}  menunggu: {waiting}",
    ),
    "console.realm_trouble": ("{realm}  ({trouble})", "{realm}  ({trouble})"),
    "console.realm_other_key": (
        "somebody with another key answers there: if that server was set up anew, /delrealm {name}, "
        "then /addrealm with another name",
        "yang menjawab memakai kunci lain: jika server itu dibuat baru, /delrealm {name}, lalu "
        "/addrealm dengan nama lain",
    ),
    "console.realm_other_password": (
        "refuses our password: /delrealm {name}, then /addrealm with the new one; nothing that "
        "waits is lost",
        "menolak kata sandi kita: /delrealm {name}, lalu /addrealm dengan yang baru; pesan yang "
        "menunggu tidak hilang",
    ),
    "console.realm_refuses": (
        "refuses the link: cut off there, or that server makes none",
        "menolak sambungan: diputus di sana, atau server itu tidak menerimanya",
    ),
    "console.realm_linked": ("linked", "tersambung"),
    "console.realm_away": ("away", "tidak tersambung"),
    "console.realm_cut": ("cut off", "diputus"),
    "console.done": ("Done: {command}", "Selesai: {command}"),
    "console.files": (
        "{used} of {limit} are used for files; {free} are left on the disk.",
        "{used} dari {limit} dipakai untuk file; sisa di disk {free}.",
    ),
    "console.file": ("{number}  {file}  {person}", "{number}  {file}  {person}"),
    "console.no_number": (
        "There is no file {number} in the list. /files shows it.",
        "Tidak ada file {number} di daftar. /files menampilkannya.",
    ),
    "console.stopping": (
        "Stopping: saying goodbye to everyone.",
        "Berhenti: berpamitan kepada semua orang.",
    ),
}
