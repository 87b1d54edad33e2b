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
        "Anda keluar dari ruang. [INFO] Koneksi ditutup.",
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
