"""Sentences of the client's windows: joining, chatting, settings.

Band: words. A part of the table in texts.py.
"""

from typing import Final

CLIENT_TEXTS: Final[dict[str, tuple[str, str]]] = {
    # --- the join window ---
    "join.slogan": (
        "A room for the people on your network",
        "Ruang untuk orang-orang di jaringan Anda",
    ),
    "join.recent": ("Recent rooms", "Ruang terakhir"),
    "join.recent_none": (
        "Rooms you have been in are listed here.",
        "Ruang yang pernah Anda masuki tercantum di sini.",
    ),
    "join.footer": ("Everything here is encrypted.", "Semua di sini terenkripsi."),
    "join.title": ("Join a room", "Masuk ke ruang"),
    "join.host": ("Server address", "Alamat server"),
    "join.port": ("Port", "Port"),
    "join.password": ("Room password", "Kata sandi ruang"),
    "join.show": ("Show", "Lihat"),
    "join.hide": ("Hide", "Tutup"),
    "join.name": ("Your name", "Nama Anda"),
    "join.own": ("My own address and port", "Alamat dan port saya sendiri"),
    "join.own_host": ("Own IP address", "Alamat IP sendiri"),
    "join.own_port": ("Own port", "Port sendiri"),
    "join.own_hint": (
        "Leave both empty unless this computer has several networks.",
        "Kosongkan keduanya, kecuali komputer ini punya beberapa jaringan.",
    ),
    "join.button": ("Join", "Masuk"),
    "join.as_guest": ("As a guest", "Sebagai tamu"),
    "join.as_log_in": ("Log in", "Login"),
    "join.as_register": ("Register", "Daftar"),
    "join.do_log_in": ("Log in and join", "Login dan masuk"),
    "join.do_register": ("Register and join", "Daftar dan masuk"),
    "join.joining": ("Joining …", "Sedang masuk …"),
    "join.take_name": ("Take this name", "Pakai nama ini"),
    "join.try_password": ("Try this password", "Coba kata sandi ini"),
    "join.cancel": ("Cancel", "Batal"),
    "join.key_first": (
        "First time here: ask the host to read you the key",
        "Pertama kali di sini: minta tuan rumah membacakan kunci",
    ),
    "join.left": (
        "You left the room. [INFO] Connection closed.",
        "Anda keluar dari ruang. [INFO] Connection closed.",
    ),
    # --- what goes wrong in it ---
    "trouble.host_empty": (
        "Write the address that the host reads out, for example 192.168.1.20.",
        "Tulis alamat yang dibacakan tuan rumah, misalnya 192.168.1.20.",
    ),
    "trouble.host": (
        "There is no computer with this address. Check it with the host.",
        "Tidak ada komputer dengan alamat ini. Periksa lagi dengan tuan rumah.",
    ),
    "trouble.port": (
        "A port is a number from 1 to 65535.",
        "Port adalah angka dari 1 sampai 65535.",
    ),
    "trouble.password": (
        "Wrong password. Ask the host to read it out again.",
        "Kata sandi salah. Minta tuan rumah membacakannya lagi.",
    ),
    "trouble.password_delayed": (
        "Too many wrong passwords. Tried again by itself in {wait} s.",
        "Terlalu sering salah. Dicoba lagi sendiri dalam {wait} detik.",
    ),
    "trouble.local_host": (
        "This computer does not have this address. Leave it empty for the usual one.",
        "Komputer ini tidak punya alamat ini. Kosongkan untuk memakai yang biasa.",
    ),
    "trouble.local_port": (
        "This port is in use by another program. Leave it empty for any free one.",
        "Port ini sedang dipakai program lain. Kosongkan untuk memakai port mana saja.",
    ),
    "ended.unreachable": (
        "No answer. Is the server started, are address and port right, are both computers on the "
        "same network, and does a firewall let UDP through?",
        "Tidak ada jawaban. Apakah server sudah dimulai, alamat dan port benar, kedua komputer di "
        "jaringan yang sama, dan firewall meloloskan UDP?",
    ),
    "ended.kicked": (
        "The operator took you out of the room. {text}",
        "Operator mengeluarkan Anda dari ruang. {text}",
    ),
    "ended.banned": (
        "The operator keeps you out of this room. {text}",
        "Operator melarang Anda masuk ke ruang ini. {text}",
    ),
    "ended.banned_until": (
        "The operator keeps you out of this room until {until}. {text}",
        "Operator melarang Anda masuk ke ruang ini sampai {until}. {text}",
    ),
    "ended.full": (
        "The room is full, or its disk is. Try again later.",
        "Ruang ini penuh, atau cakramnya. Coba lagi nanti.",
    ),
    "ended.false_server": (
        "This server does not know the room's password: it is not the one you mean. Nothing of yours"
        " was sent. Ask the host to read you the address and the key.",
        "Server ini tidak tahu kata sandi ruang: ini bukan server yang Anda maksud. Tidak ada yang"
        " dikirim dari Anda. Minta tuan rumah membacakan alamat dan kuncinya.",
    ),
    "ended.elsewhere": (
        "You went on in another window of this computer, so this one has left the room.",
        "Anda melanjutkan di jendela lain di komputer ini, jadi jendela ini keluar dari ruang.",
    ),
    "ended.crashed": (
        "Ruang stopped by a defect: {text}",
        "Ruang berhenti karena cacat program: {text}",
    ),
    # --- names ---
    "name.taken": (
        "That name is taken. Choose another one.",
        "Nama itu sudah dipakai. Pilih nama lain.",
    ),
    "name.empty": ("Write a name for yourself.", "Tulis nama untuk Anda."),
    "name.too_long": (
        "A name has at most 32 characters.",
        "Nama paling panjang 32 karakter.",
    ),
    "name.character": (
        'A name cannot contain invisible characters or any of @ / \\ "',
        'Nama tidak boleh memuat karakter tak terlihat atau @ / \\ "',
    ),
    "name.start": (
        "A name begins with a letter or a digit.",
        "Nama diawali huruf atau angka.",
    ),
    "name.spaces": (
        "Only one space between words of a name.",
        "Hanya satu spasi di antara kata dalam nama.",
    ),
    "name.marks": (
        "This name has too many accents on a letter.",
        "Nama ini memuat terlalu banyak tanda pada satu huruf.",
    ),
    "name.reserved": (
        "This name belongs to the program. Choose another one.",
        "Nama ini milik program. Pilih nama lain.",
    ),
    # --- the server's key ---
    "key.changed_title": (
        "This is not the server you know",
        "Ini bukan server yang Anda kenal",
    ),
    "key.changed": (
        "The server at {place} shows another key than before. Either it was set up anew, or "
        "somebody else is answering in its place. Nothing was sent to it.",
        "Server di {place} menunjukkan kunci yang berbeda dari sebelumnya. Mungkin server dipasang "
        "ulang, atau orang lain menjawab sebagai gantinya. Tidak ada yang dikirim ke sana.",
    ),
    "key.before": ("Key until now: {key}", "Kunci selama ini: {key}"),
    "key.type": (
        "Type the key the host reads to you",
        "Ketik kunci yang dibacakan tuan rumah",
    ),
    "key.trust": ("Trust this key and join", "Percayai kunci ini dan masuk"),
    "key.wrong": (
        "The server here has another key. Do not go on: tell the host.",
        "Server ini punya kunci lain. Jangan lanjutkan: beri tahu tuan rumah.",
    ),
    "key.first": (
        "You are here for the first time. Ask the host to read you the key. It must be:\n{key}",
        "Anda pertama kali di sini. Minta tuan rumah membacakan kunci. Harus sama:\n{key}",
    ),
    # --- the chat window ---
    "chat.room": ("Room", "Ruang"),
    "chat.everyone": ("Everyone", "Semua orang"),
    "chat.people_here": ("{count} people here · encrypted", "{count} orang di sini · terenkripsi"),
    "chat.person_here": ("1 person here · encrypted", "1 orang di sini · terenkripsi"),
    "chat.you": ("You", "Anda"),
    "chat.you_here": ("you", "Anda"),
    "chat.here_now": ("Here now — {count}", "Di sini — {count}"),
    "chat.away": ("Away — {count}", "Pergi — {count}"),
    "chat.typing": ("typing…", "mengetik…"),
    "chat.placeholder": (
        "Write to everyone…  (exit leaves the room)",
        "Tulis kepada semua orang…  (exit untuk keluar)",
    ),
    "chat.joined": ("{names} joined", "{names} masuk"),
    "chat.left": ("{names} left", "{names} keluar"),
    "chat.unread": ("New messages", "Pesan baru"),
    "chat.show_more": ("Show more", "Tampilkan semua"),
    "chat.loading": ("Loading older messages …", "Memuat pesan lama …"),
    "chat.waiting": ("waiting", "menunggu"),
    "chat.send": ("Send", "Kirim"),
    "chat.copy": ("Copy", "Salin"),
    "chat.copy_message": ("Copy message", "Salin pesan"),
    "chat.ask_lacking": ("Who has not got it yet?", "Siapa yang belum menerimanya?"),
    "chat.lacking": ("Not with them yet: {names}", "Belum diterima: {names}"),
    "chat.lacking_none": (
        "Everyone present has this message.",
        "Semua yang hadir sudah menerima pesan ini.",
    ),
    "chat.write_again": ("Write again", "Tulis lagi"),
    "chat.send_anyway": ("Send it anyway", "Tetap kirim"),
    "chat.do_not_send": ("Do not send", "Jangan kirim"),
    "chat.doubt": (
        "This begins with “{word}” and may hold a password that everyone would read.",
        "Ini diawali “{word}” dan mungkin memuat kata sandi yang akan dibaca semua orang.",
    ),
    "chat.banner_lost": (
        "Connection lost: trying again. Your messages wait here.",
        "Koneksi terputus: sedang dicoba lagi. Pesan Anda menunggu di sini.",
    ),
    "chat.log_replaced": (
        "The server put back an older copy of this room; it follows from its beginning.",
        "Server memasang kembali salinan lama ruang ini; isinya menyusul dari awal.",
    ),
    "connection.here": ("Connected", "Terhubung"),
    "connection.here_ms": ("Connected · {ms} ms", "Terhubung · {ms} ms"),
    "connection.connecting": ("Connecting …", "Menghubungi …"),
    "connection.lost": ("Connection lost", "Koneksi terputus"),
    # --- conversations ---
    "chat.groups": ("Groups", "Grup"),
    "chat.private": ("Private", "Pribadi"),
    "chat.conversations": ("Conversations", "Percakapan"),
    "chat.more": ("More", "Lainnya"),
    "chat.group": ("Group · encrypted", "Grup · terenkripsi"),
    "chat.one_member": ("1 member · encrypted", "1 anggota · terenkripsi"),
    "chat.members": ("{count} members · encrypted", "{count} anggota · terenkripsi"),
    "chat.is_here": ("Here now · encrypted", "Di sini · terenkripsi"),
    "chat.is_away": ("Away · encrypted", "Pergi · terenkripsi"),
    "chat.not_here": (
        "Not here now · messages wait · encrypted",
        "Tidak di sini · pesan menunggu · terenkripsi",
    ),
    "chat.typing_now": ("typing… · encrypted", "mengetik… · terenkripsi"),
    "chat.are_typing": ("{names}: typing…", "{names}: mengetik…"),
    "chat.draft": ("Draft: {text}", "Draf: {text}"),
    "chat.nothing_yet": ("No messages yet", "Belum ada pesan"),
    "chat.placeholder_to": ("Write to {name}…", "Tulis kepada {name}…"),
    "chat.renamed": ("{before} is {after} now", "{before} sekarang {after}"),
    "person.message": ("Message", "Kirim pesan"),
    "person.mention": ("Mention", "Sebut"),
    "person.copy_name": ("Copy name", "Salin nama"),
    "person.here": ("here now", "di sini"),
    "person.account": ("account", "akun"),
    "group.new": ("New group …", "Grup baru …"),
    "group.join": ("Join a group …", "Gabung ke grup …"),
    "group.leave": ("Leave group", "Keluar dari grup"),
    "group.new_title": ("New group", "Grup baru"),
    "group.name": ("Name of the group", "Nama grup"),
    "group.create": ("Create group", "Buat grup"),
    "group.hint": (
        "Anyone in the room can find it by its name and join. Only members read and write in it.",
        "Siapa pun di ruang ini bisa menemukan dan bergabung. Hanya anggota yang bisa membaca dan "
        "menulis di dalamnya.",
    ),
    "group.join_title": ("Join a group", "Gabung ke grup"),
    "group.joined": ("joined", "sudah bergabung"),
    "group.one_member": ("1 member", "1 anggota"),
    "group.members": ("{count} members", "{count} anggota"),
    "group.none": ("No group is called so.", "Tidak ada grup dengan nama itu."),
    "private.title": ("New private chat", "Percakapan pribadi baru"),
    "private.caption": ("With whom?", "Dengan siapa?"),
    "private.nobody": (
        "Nobody here is called so. Enter writes to an account of this name.",
        "Tidak ada di sini. Enter menulis kepada akun bernama itu.",
    ),
    "jump.title": ("Go to", "Pergi ke"),
    "jump.caption": ("Conversation or person", "Percakapan atau orang"),
    "jump.none": ("Nothing is called so.", "Tidak ada yang bernama itu."),
    "jump.room": ("room", "ruang"),
    "jump.group": ("group", "grup"),
    "jump.private": ("private", "pribadi"),
    "jump.unread": ("{count} unread", "{count} belum dibaca"),
    "notify.title": ("Call me for", "Panggil saya untuk"),
    "notify.all": ("every message", "setiap pesan"),
    "notify.mentions": ("messages that name me", "pesan yang menyebut saya"),
    "notify.none": ("nothing", "tidak sama sekali"),
    # --- searching ---
    "search.hint": ("Search messages", "Cari pesan"),
    "search.short": ("Type two letters or more.", "Ketik dua huruf atau lebih."),
    "search.busy": ("Searching …", "Mencari …"),
    "search.none": ("Nothing was found.", "Tidak ditemukan."),
    "search.one": ("1 message", "1 pesan"),
    "search.count": ("{count} messages, newest first", "{count} pesan, terbaru dahulu"),
    # --- the account ---
    "account.title": ("Your account", "Akun Anda"),
    "account.account": ("Account", "Akun"),
    "account.guest": ("Guest", "Tamu"),
    "account.guest_hint": (
        "A guest's name is yours only while you are here. With an account it stays yours, and "
        "private messages wait for you while you are away.",
        "Nama tamu hanya milik Anda selama di sini. Dengan akun nama itu tetap milik Anda, dan "
        "pesan pribadi menunggu selama Anda pergi.",
    ),
    "account.token": ("Token of this session", "Token sesi ini"),
    "account.token_hint": (
        "Whoever has it is you on this server. Show it to nobody.",
        "Siapa pun yang memilikinya adalah Anda di server ini. Jangan tunjukkan kepada orang lain.",
    ),
    "account.user": ("User name", "Nama user"),
    "account.password": ("Password", "Kata sandi"),
    "account.again": ("Password again", "Kata sandi sekali lagi"),
    "account.old_password": ("Password until now", "Kata sandi selama ini"),
    "account.new_password": ("New password", "Kata sandi baru"),
    "account.full_name": ("Full name (optional)", "Nama lengkap (opsional)"),
    "account.country": ("Country (optional)", "Negara (opsional)"),
    "account.log_in": ("Log in", "Login"),
    "account.log_out": ("Log out", "Logout"),
    "account.register": ("Register", "Daftar"),
    "account.change_name": ("Change name", "Ganti nama"),
    "account.change_password": ("Change password", "Ganti kata sandi"),
    "account.busy": ("One moment …", "Sebentar …"),
    "account.password_empty": ("Write a password.", "Tulis kata sandi."),
    "account.again_differs": (
        "This is another password than the one before it.",
        "Kata sandi ini berbeda dari yang sebelumnya.",
    ),
    "account.password_hint": (
        "All your other devices are logged out by it.",
        "Semua perangkat Anda yang lain akan logout.",
    ),
    "account.register_hint": (
        "The server never sees the password. Nobody can read it back to you.",
        "Server tidak pernah melihat kata sandi. Tidak ada yang bisa membacakannya kembali.",
    ),
    "account.logged_in": (
        "You are logged in as {name}. Your name below leads to your account.",
        "Anda login sebagai {name}. Nama Anda di bawah membuka akun Anda.",
    ),
    "account.logged_out": (
        "You are logged out. Log in again, register, or leave.",
        "Anda sudah logout. Login lagi, daftar, atau keluar.",
    ),
    # --- lists and days ---
    "list.and": ("{first} and {last}", "{first} dan {last}"),
    "list.others": ("{first} and {count} others", "{first} dan {count} lainnya"),
    "day.today": ("Today", "Hari ini"),
    "day.yesterday": ("Yesterday", "Kemarin"),
    "day.date": ("{weekday}, {day} {month} {year}", "{weekday}, {day} {month} {year}"),
    "day.weekdays": (
        "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
        "Senin Selasa Rabu Kamis Jumat Sabtu Minggu",
    ),
    "day.months": (
        "January February March April May June July August September October November December",
        "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember",
    ),
    "day.short_weekdays": ("Mon Tue Wed Thu Fri Sat Sun", "Sen Sel Rab Kam Jum Sab Min"),
    "day.short_months": (
        "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
        "Jan Feb Mar Apr Mei Jun Jul Agu Sep Okt Nov Des",
    ),
    "when.today": ("today, {time}", "hari ini, {time}"),
    "when.yesterday": ("yesterday", "kemarin"),
    "when.last_week": ("last week", "minggu lalu"),
    "when.date": ("{day} {month} {year}", "{day} {month} {year}"),
    # --- settings ---
    "settings.title": ("Settings", "Pengaturan"),
    "settings.language": ("Language", "Bahasa"),
    "settings.system": ("System", "Sistem"),
    "settings.theme": ("Theme", "Tema"),
    "settings.light": ("Light", "Terang"),
    "settings.dark": ("Dark", "Gelap"),
    "settings.send_with": ("Send with", "Kirim dengan"),
    "settings.enter": ("Enter", "Enter"),
    "settings.control_enter": ("Ctrl+Enter", "Ctrl+Enter"),
    "settings.show_typing": ("Show who is typing", "Tampilkan siapa yang mengetik"),
    "settings.send_typing": ("Let others see that I type", "Orang lain melihat saya mengetik"),
    "settings.yes": ("Yes", "Ya"),
    "settings.no": ("No", "Tidak"),
    "settings.font_size": ("Text size", "Ukuran teks"),
    "settings.close": ("Close", "Tutup"),
    "settings.about": ("About", "Tentang"),
    "settings.version": ("Ruang {version}", "Ruang {version}"),
    "settings.cryptography": (
        "encryption that is faster and takes constant time",
        "enkripsi yang lebih cepat dan berwaktu tetap",
    ),
    "settings.present": ("present", "ada"),
    "settings.missing": ("not installed", "belum terpasang"),
    "settings.not_saved": (
        "The settings could not be saved: {reason}",
        "Pengaturan tidak bisa disimpan: {reason}",
    ),
}
