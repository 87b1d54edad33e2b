"""Sentences of the typed commands, of what the server answers to them, and of the terminal.

Band: words. A part of the table in texts.py. In Indonesian the answers use the words of the
protocol that this project grew from ("User tidak ada", "Group sudah ada").
"""

from typing import Final

COMMAND_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "file.point": (".", ","),  # in a number, before tenths
    # --- what each command is for ---
    "command.help": ("list the commands, or explain one", "daftar perintah, atau jelaskan satu"),
    "command.info": ("who is active in this room", "siapa yang aktif di ruang ini"),
    "command.say": (
        'say anything, line breaks too: /say "first\\nsecond"',
        'katakan apa saja, juga baris baru: /say "pertama\\nkedua"',
    ),
    "command.register": (
        "make an account; log in with it afterwards",
        "buat akun; setelah itu login dengannya",
    ),
    "command.login": ("become the user of an account", "masuk sebagai user sebuah akun"),
    "command.logout": (
        "stop being that user; stay connected",
        "berhenti sebagai user itu; tetap terhubung",
    ),
    "command.passwd": ("change your account's password", "ganti password akun Anda"),
    "command.name": ("take another name, as a guest", "ganti nama, sebagai tamu"),
    "command.inbox": (
        "show what is unread in all conversations, then it is read",
        "tampilkan semua pesan yang belum dibaca, lalu dianggap sudah dibaca",
    ),
    "command.search": (
        "find messages in all you may read",
        "cari pesan di semua yang boleh Anda baca",
    ),
    "command.send": (
        'send a private message, also to an account that is away; with spaces: "USER NAME"',
        'kirim pesan pribadi, juga ke akun yang sedang pergi; dengan spasi: "NAMA USER"',
    ),
    "command.sendgroup": ("send a message to a group", "kirim pesan ke grup"),
    "command.sendfile": (
        "send a file privately, also to an account that is away",
        "kirim file secara pribadi, juga ke akun yang sedang pergi",
    ),
    "command.sendgroupfile": ("share a file with a group", "kirim file ke grup"),
    "command.sendroomfile": ("share a file with the room", "kirim file ke ruang"),
    "command.files": (
        "list the files of a conversation: room, #GROUP or @USER; else of the one you look at",
        "daftar file sebuah percakapan: room, #GRUP atau @USER; jika tidak disebut, yang sedang dibuka",
    ),
    "command.get": (
        "save a file by its number or name in /files; of another conversation: #GROUP/FILE, "
        "@USER/FILE or room/FILE",
        "simpan file menurut nomor atau namanya di /files; dari percakapan lain: #GRUP/FILE, "
        "@USER/FILE atau room/FILE",
    ),
    "command.groups": ("list all groups", "daftar semua grup"),
    "command.addgroup": ("make a group", "buat grup"),
    "command.joingroup": ("join a group", "bergabung ke grup"),
    "command.leavegroup": ("leave a group", "keluar dari grup"),
    "command.members": ("list the members of your group", "daftar anggota grup Anda"),
    "command.addrealm": (
        "link another server (IP or host name); its people and groups are then USER@R and GROUP@R",
        "hubungkan server lain (IP atau nama host); user dan group di sana menjadi USER@R dan GROUP@R",
    ),
    "command.realms": ("list the linked realms", "daftar realm yang terhubung"),
    "command.delrealm": ("for the operator: drop a realm", "untuk operator: hapus sebuah realm"),
    "command.sendprivaterealm": (
        "send a private message to somebody of another realm; the same as /send USER@R TEXT",
        "kirim pesan pribadi ke user di realm lain; sama dengan /send USER@R TEXT",
    ),
    "command.sendfilerealm": (
        "send a file to somebody of another realm",
        "kirim file ke user di realm lain",
    ),
    "command.sendgrouprealm": (
        "send a message to a group of another realm; joins it first",
        "kirim pesan ke grup di realm lain; bergabung dulu jika belum",
    ),
    "command.sendgroupfilerealm": (
        "share a file with a group of another realm; joins it first",
        "kirim file ke grup di realm lain; bergabung dulu jika belum",
    ),
    "command.getrealminbox": (
        "show what is unread from another realm, then it is read",
        "tampilkan pesan dari realm lain yang belum dibaca, lalu dianggap sudah dibaca",
    ),
    "command.kick": ("for the operator: take somebody out", "untuk operator: keluarkan seseorang"),
    "command.ban": ("for the operator: keep somebody out", "untuk operator: larang seseorang"),
    "command.unban": ("for the operator: take a ban back", "untuk operator: cabut larangan"),
    "command.mute": ("for the operator: silence somebody", "untuk operator: bisukan seseorang"),
    "command.exit": (
        "leave the room; only without a slash",
        "keluar dari ruang; tanpa garis miring",
    ),
    "command.slash": (
        "say a text that begins with a slash",
        "katakan teks yang diawali garis miring",
    ),
    # --- what they answer by themselves ---
    "command.help_head": ("Commands:", "Perintah:"),
    "command.unknown": (
        "There is no command {command}. /help lists them; to say it, write /{command}",
        "Tidak ada perintah {command}. /help menampilkan semuanya; untuk mengatakannya, tulis /{command}",
    ),
    "command.usage": ("Write: {usage}", "Tulis: {usage}"),
    "command.active": ("Active now ({count}): {names}", "Aktif sekarang ({count}): {names}"),
    "command.away": ("{name} (away)", "{name} (pergi)"),
    "command.nobody": ("Nobody is active.", "Tidak ada user yang aktif"),
    "command.not_the_operator": (
        "You are not the operator. The operator sits at the server and does this there.",
        "Anda bukan operator. Operator ada di server dan melakukannya di sana.",
    ),
    "command.doubt": (
        "This begins with “{word}” and may hold a password that everyone would read. To say it all "
        "the same, use /say.",
        "Ini diawali “{word}” dan mungkin memuat kata sandi yang akan dibaca semua orang. Jika tetap "
        "ingin mengatakannya, pakai /say.",
    ),
    # --- what the server answers: it is done ---
    "answer.sent": ("Message sent", "Message sent"),
    "answer.sent_waiting": (
        "Message sent. It waits for {realm}.",
        "Message sent. Menunggu {realm}.",
    ),
    "answer.realm_added": ("Realm added: {name}", "Realm berhasil ditambahkan: {name}"),
    "answer.realms": ("Realms ({count}): {names}", "Realm ({count}): {names}"),
    "answer.realms_none": (
        "No realm is linked yet. /addrealm links one.",
        "Belum ada realm. /addrealm menambahkannya.",
    ),
    "answer.realm_linked": ("{name} (linked)", "{name} (terhubung)"),
    "answer.realm_away": ("{name} (away)", "{name} (terputus)"),
    "answer.realm_waiting": (
        "{name} (away, {count} waiting)",
        "{name} (terputus, {count} menunggu)",
    ),
    "answer.realm_other_key": (
        "Somebody with another key answers for {name}: if that server was set up anew, the operator "
        "adds it with /addrealm under another name.",
        "Yang menjawab untuk {name} memakai kunci lain: jika server itu dibuat baru, operator "
        "menambahkannya dengan /addrealm dengan nama lain.",
    ),
    "answer.realm_other_password": (
        "{name} refuses the password that our server has for it: the operator removes it with "
        "/delrealm and adds it with the new one with /addrealm; nothing that waits is lost.",
        "{name} menolak kata sandi yang dipakai server kita: operator menghapusnya dengan "
        "/delrealm lalu menambahkannya lagi dengan /addrealm dan kata sandi baru; pesan yang "
        "menunggu tidak hilang.",
    ),
    "answer.realm_refuses": (
        "{name} refuses the link: its operator has cut it off, or that server makes no links.",
        "{name} menolak sambungan: operatornya memutusnya, atau server itu tidak menerimanya.",
    ),
    "answer.realm_cut": ("{name} (cut by the operator)", "{name} (diputus operator)"),
    "answer.registered": ("Registration successful.", "Registrasi berhasil."),
    "answer.logged_in": (
        "Logged in as {name}. Session token: {token}",
        "Login berhasil sebagai {name}. Token sesi: {token}",
    ),
    "answer.logged_out": ("Logged out.", "Logout berhasil"),
    "answer.password_changed": ("Password changed.", "Password berhasil diganti"),
    "answer.renamed": ("You are {name} now.", "Nama Anda sekarang {name}."),
    "answer.group_added": ("Add group successful", "Add group Berhasil"),
    "answer.group_joined": ("Joined {group}", "Join group berhasil: {group}"),
    "answer.group_joined_waiting": (
        "Joined {group}. It waits for {realm}.",
        "Join group berhasil: {group}. Menunggu {realm}.",
    ),
    "answer.group_left": ("Left {group}", "Keluar dari group {group}"),
    "answer.groups": ("Groups ({count}): {names}", "Group ({count}): {names}"),
    "answer.groups_none": (
        "There is no group yet. /addgroup makes one.",
        "Belum ada group. /addgroup membuatnya.",
    ),
    "answer.group": ("{name} ({count})", "{name} ({count})"),
    "answer.group_of_ours": ("{name} ({count}, joined)", "{name} ({count}, sudah join)"),
    "answer.members": (
        "Members of {group} ({count}): {names}",
        "Member {group} ({count}): {names}",
    ),
    "answer.found": ("Found ({count}):", "Ditemukan ({count}):"),
    "answer.found_none": ("Nothing found.", "Tidak ada yang ditemukan."),
    "answer.unread": ("Unread ({count}):", "Belum dibaca ({count}):"),
    "answer.unread_none": ("Nothing is unread.", "Tidak ada pesan baru."),
    "answer.unread_more": (
        "Unread ({count}, and {skipped} older entries before them):",
        "Belum dibaca ({count}, dan {skipped} isi lama sebelumnya):",
    ),
    "answer.file_sent": ("File sent: {file}", "File sent: {file}"),
    "answer.file_sent_waiting": (
        "File sent: {file}. It waits for {realm}.",
        "File sent: {file}. Menunggu {realm}.",
    ),
    "answer.file_saved": ("Saved as {path}", "Tersimpan sebagai {path}"),
    "answer.files": ("Files in {place} ({count}):", "File di {place} ({count}):"),
    "answer.files_none": ("No files in {place} yet.", "Belum ada file di {place}."),
    "answer.file": ("{number} · {file} · {sender}", "{number} · {file} · {sender}"),
    "answer.file_gone": (
        "{number} · {file} · {sender} (removed)",
        "{number} · {file} · {sender} (dihapus)",
    ),
    "answer.file_over": (
        "{number} · {file} · {sender} (too large for this server)",
        "{number} · {file} · {sender} (terlalu besar untuk server ini)",
    ),
    "answer.file_coming": (
        "{number} · {file} · {sender} (on its way)",
        "{number} · {file} · {sender} (sedang dikirim)",
    ),
    "answer.file_trouble": ("{file}: {trouble}", "{file}: {trouble}"),
    # --- it is not ---
    "answer.no_session": (
        "No session. Log in first: /login USER PASSWORD",
        "Session tidak ditemukan",
    ),
    "answer.user_exists": ("Username already taken.", "User sudah ada"),
    "answer.wrong_login": ("Invalid username or password.", "User tidak ada atau password salah"),
    "answer.too_many_guesses": (
        "Too many wrong passwords. Try again in {wait} s.",
        "Terlalu sering salah. Coba lagi dalam {wait} detik.",
    ),
    "answer.no_such_user": ("No such user", "User tidak ada"),
    "answer.yourself": ("This is you.", "Ini Anda sendiri."),
    "answer.group_exists": ("Group already exists", "Group sudah ada"),
    "answer.group_missing": ("No such group", "Group belum ada"),
    "answer.no_such_group": ("No such group", "Group tidak ditemukan"),
    "answer.already_a_member": ("Already a member", "User sudah join"),
    "answer.not_a_member": ("Not a member of this group", "User bukan member grup"),
    "answer.conversations_full": (
        "You are in as many conversations as one may be.",
        "Anda sudah ada di percakapan sebanyak yang boleh.",
    ),
    "answer.people_full": (
        "You are in as many conversations as one may be, or too many names wait for their realm to "
        "say whether they exist.",
        "Anda sudah ada di percakapan sebanyak yang boleh, atau terlalu banyak nama menunggu "
        "kepastian dari realm-nya.",
    ),
    "answer.no_group_of_ours_there": (
        "You are not a member of such a group there. /joingroup tells whether there is one.",
        "Anda bukan member grup itu di sana. /joingroup memberi tahu apakah grupnya ada.",
    ),
    "answer.banned": (
        "The operator keeps this user out of the room.",
        "Operator melarang user ini masuk ke ruang.",
    ),
    "answer.banned_there": (
        "The operator there keeps you out.",
        "Operator di sana melarang Anda masuk.",
    ),
    "answer.disk_full": (
        "The server's disk is full. Nothing was changed.",
        "Disk server penuh. Tidak ada yang diubah.",
    ),
    "answer.name_kept": (
        "An account keeps its name.",
        "Nama sebuah akun tetap.",
    ),
    "answer.details": (
        "Country and full name have at most 64 visible characters each.",
        "Negara dan nama lengkap masing-masing paling banyak 64 karakter yang terlihat.",
    ),
    "answer.search_words": (
        "Search for one or more words, 200 characters at most.",
        "Cari satu kata atau lebih, paling banyak 200 karakter.",
    ),
    "answer.no_such_conversation": (
        "You are in no such conversation.",
        "Anda tidak ada di percakapan itu.",
    ),
    "answer.no_such_file": ("No such file", "File tidak ditemukan"),
    "answer.file_too_large": (
        "This file is too large for the server.",
        "File ini terlalu besar untuk server.",
    ),
    "answer.file_over_limit": (
        "This file is too large for the server: {limit} at most.",
        "File ini terlalu besar untuk server: paling banyak {limit}.",
    ),
    "answer.no_space_of": (
        "The server has no space left for this file: {limit} are for all files, and {free} of its"
        " disk stay free.",
        "Server tidak punya tempat lagi untuk file ini: {limit} untuk semua file, dan {free} di"
        " disknya tetap kosong.",
    ),
    "answer.no_space": (
        "The server has no space left for this file.",
        "Server tidak punya tempat lagi untuk file ini.",
    ),
    "answer.file_missing": (
        "The server does not have this file, or not all of it.",
        "Server tidak punya file ini, atau belum lengkap.",
    ),
    "answer.file_changed": (
        "The file changed while it was sent. Send it again.",
        "File berubah selagi dikirim. Kirim lagi.",
    ),
    "answer.file_removed": ("The operator removed this file.", "Operator menghapus file ini."),
    "answer.file_name_invalid": (
        "A file of this name cannot be shared: visible characters, 255 bytes at most.",
        "File dengan nama ini tidak bisa dikirim: hanya karakter terlihat, paling banyak 255 bita.",
    ),
    "answer.file_damaged": (
        "What came is not the file that was shared. It was not saved.",
        "Yang diterima bukan file yang dikirim. Tidak disimpan.",
    ),
    "answer.own_disk_full": (
        "Your disk is full. The file was not saved.",
        "Disk Anda penuh. File tidak disimpan.",
    ),
    "answer.cannot_save": (
        "The file cannot be saved there.",
        "File tidak bisa disimpan di sana.",
    ),
    "answer.file_dropped": ("Cancelled.", "Dibatalkan."),
    "answer.file_unfinished": (
        "Not finished yet. It goes on when you are here again.",
        "Belum selesai. Dilanjutkan ketika Anda kembali.",
    ),
    "answer.no_such_realm": ("No such realm", "Realm tidak ditemukan"),
    "answer.realm_exists": ("Realm already exists", "Realm sudah ada"),
    "answer.realm_exists_named": ("Realm already exists: {name}", "Realm sudah ada: {name}"),
    "answer.realm_unreachable": ("Realm unreachable", "Realm tidak dapat dihubungi"),
    "answer.realm_password": (
        "Wrong password of that realm. With it: /addrealm R ADDRESS PORT PASSWORD",
        "Password realm itu salah. Dengan password: /addrealm R ADDRESS PORT PASSWORD",
    ),
    "answer.realm_not_allowed": (
        "Realms are added by the operator, here or there, or not at all.",
        "Realm hanya ditambahkan oleh operator, di sini atau di sana, atau tidak sama sekali.",
    ),
    "answer.realms_full": (
        "No more realms can be linked.",
        "Tidak bisa menambah realm lagi.",
    ),
    "answer.realm_disk_full": (
        "A disk is full, of this server or of that one. No realm was added.",
        "Disk penuh, di server ini atau di server itu. Realm tidak ditambahkan.",
    ),
    "answer.realm_too_many": (
        "Too many wrong passwords there, or too many realms at once. Try again in {wait} s.",
        "Password di sana terlalu sering salah, atau terlalu banyak realm sekaligus. Coba lagi "
        "dalam {wait} detik.",
    ),
    "answer.realm_name": (
        "A realm's name has 1 to 20 letters, digits, - and _.",
        "Nama realm: 1 sampai 20 huruf, angka, - dan _.",
    ),
    "answer.realm_password_long": (
        "This password cannot be sent to our server: it is too long, or not text. The operator can "
        "add that realm.",
        "Kata sandi ini tidak bisa dikirim ke server kita: terlalu panjang, atau bukan teks. "
        "Operator bisa menambahkan realm itu.",
    ),
    "answer.realm_address": (
        "There can be no server at this address.",
        "Tidak mungkin ada server di alamat ini.",
    ),
    "answer.realm_self": (
        "This is the server you are on.",
        "Ini server Anda sendiri.",
    ),
    "answer.no_way_there": (
        "A realm passes nothing on. Add a link to the realm of that user or group.",
        "Sebuah realm tidak meneruskan apa pun. Tambahkan realm dari user atau group itu.",
    ),
    "answer.other": (
        "The server did not do it ({code}).",
        "Server tidak melakukannya ({code}).",
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
    "refused.muted_there": (
        "The operator there has muted you; you can read but not write there.",
        "Operator di sana membisukan Anda; Anda bisa membaca tetapi tidak bisa menulis di sana.",
    ),
    "refused.disk_full": (
        "The server's disk is full. The message was not saved.",
        "Disk server penuh. Pesan tidak disimpan.",
    ),
    "refused.other": (
        "The server did not take the message ({code}).",
        "Server tidak menerima pesan ini ({code}).",
    ),
    # --- why another realm did not take it ---
    "undelivered.whose": (
        "A message of {name} was not delivered: {why}",
        "Pesan dari {name} tidak sampai: {why}",
    ),
    "undelivered.text": (
        "“{text}” was not delivered: {why}",
        "“{text}” tidak sampai: {why}",
    ),
    "undelivered.no_such_user": ("there is no such user there.", "User tidak ada di sana."),
    "undelivered.no_such_group": (
        "there is no such group there.",
        "Group tidak ditemukan di sana.",
    ),
    "undelivered.not_a_member": (
        "{name} is not a member there.",
        "{name} bukan member di sana.",
    ),
    "undelivered.banned": (
        "the operator there keeps {name} out.",
        "operator di sana melarang {name} masuk.",
    ),
    "undelivered.muted": (
        "the operator there has muted {name}.",
        "operator di sana membisukan {name}.",
    ),
    "undelivered.full": (
        "no more is taken there from this realm.",
        "di sana tidak ada tempat lagi untuk realm ini.",
    ),
    "undelivered.no_way": (
        "that realm passes nothing on.",
        "realm itu tidak meneruskan apa pun.",
    ),
    "undelivered.too_large": (
        "this file is too large for that realm.",
        "file ini terlalu besar untuk realm itu.",
    ),
    "undelivered.other": (
        "it was not taken there ({code}).",
        "tidak diterima di sana ({code}).",
    ),
    # --- the terminal ---
    "terminal.ask_place": ("Server address: ", "Alamat server: "),
    "terminal.ask_password": ("Room password: ", "Kata sandi ruang: "),
    "terminal.ask_name": ("Your name: ", "Nama Anda: "),
    "terminal.name_hint": (
        "Type a name to enter as a guest. With an account: login. To make one: register.",
        "Ketik nama untuk masuk sebagai tamu. Dengan akun: login. Untuk membuatnya: register.",
    ),
    "terminal.ask_account": ("register or login: ", "register atau login: "),
    "terminal.ask_user": ("User name: ", "Nama user: "),
    "terminal.ask_account_password": ("Password: ", "Password: "),
    "terminal.ask_old_password": ("Old password: ", "Password lama: "),
    "terminal.ask_realm": ("Name of the realm: ", "Nama realm: "),
    "terminal.ask_realm_address": ("Its address: ", "Alamatnya: "),
    "terminal.ask_realm_port": ("Its port: ", "Port-nya: "),
    "terminal.ask_realm_password": (
        "Password of its room (empty: as ours): ",
        "Kata sandi ruangnya (kosong: sama dengan kita): ",
    ),
    "terminal.ask_new_password": ("New password: ", "Password baru: "),
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
    "terminal.renamed": ("{name} is {new} now", "{name} sekarang {new}"),
    "terminal.lost": (
        "[INFO] Connection lost. Trying again by itself; what you write is sent later.",
        "[INFO] Koneksi terputus. Dicoba lagi sendiri; yang Anda tulis dikirim nanti.",
    ),
    "terminal.back": ("[INFO] Connected again.", "[INFO] Terhubung lagi."),
    "terminal.log_replaced": (
        "[INFO] The server put back an older copy of {place}. It follows from its beginning.",
        "[INFO] Server memasang kembali salinan lama {place}. Isinya menyusul dari awal.",
    ),
    "terminal.sending": ("Sending {file} …", "Mengirim {file} …"),
    "terminal.fetching": ("Fetching {file} …", "Mengambil {file} …"),
    "terminal.coming": (
        "{file} is on its way from {realm}.",
        "{file} sedang dikirim dari {realm}.",
    ),
    "terminal.progress": ("{file}: {percent} %", "{file}: {percent} %"),
    "terminal.progress_speed": (
        "{file}: {percent} % · {speed}",
        "{file}: {percent} % · {speed}",
    ),
    "terminal.doubt": (
        "This begins with “{word}” and may hold a password that everyone would read. Send it? "
        "yes/no: ",
        "Ini diawali “{word}” dan mungkin memuat kata sandi yang akan dibaca semua orang. Kirim? "
        "ya/tidak: ",
    ),
    "terminal.yes": ("yes y", "ya y yes"),
    "terminal.not_sent": ("Not sent.", "Tidak dikirim."),
}
