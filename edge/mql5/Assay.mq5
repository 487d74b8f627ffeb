//+------------------------------------------------------------------+
//| Assay.mq5: this terminal as an edge of an Assay bridge            |
//|                                                                   |
//| The protocol is docs/ea-protocol.md; its Python twin, which walks |
//| the same steps and is tested against the bridge, is               |
//| src/assay/apps/edge/advisor. Attach it to one chart and allow the |
//| bridge's host in Tools, Options, Expert Advisors.                 |
//+------------------------------------------------------------------+
#property copyright "Assay"
#property version   "1.0"
#property strict

input string InpHost       = "127.0.0.1"; // Bridge: host
input int    InpPort       = 8002;        // Bridge: --advisor-port
input bool   InpTls        = true;        // TLS (leave it on beyond this machine)
input string InpEdge       = "desk";      // Our name at the bridge
input string InpTokenFile  = "assay.token"; // Token, in MQL5\Files
input string InpAccount    = "main";      // Account, as the platform calls it
input long   InpLogin      = 0;           // Number of the account that may be traded, 0 for none
input string InpSymbols    = "EURUSD,XAUUSD=GOLD"; // Ours=the broker's name
input int    InpUtcOffsetS = 7200;        // Broker's clock ahead of UTC now, in seconds

#define PROTOCOL      1
#define PROGRAM       "Assay.mq5 1.0"
#define FRAME_MAX     1048576
#define BATCH         200
#define WINDOW        8192
#define PAUSE_MS      100
#define PAUSE_MAX_MS  2000
#define DIAL_MS       3000
#define ASK_EVERY_MS  2000
#define SETTLE_S      120
#define ACCOUNT_EVERY_MS 1000
#define OVERLAP_S     86400
#define LINES_MAX     20000
#define NOTE_EVERY    500

//--- symbols
string   g_ours[];
string   g_theirs[];
long     g_key_msc[];
long     g_key_ordinal[];

//--- the line
int      g_socket = INVALID_HANDLE;
bool     g_linked = false;
uchar    g_kept[];
ulong    g_dial_at = 0, g_heard = 0, g_beaten = 0;
int      g_pause = PAUSE_MS, g_beat_ms = 1000;
string   g_token = "", g_origin = "";
long     g_commands = 0;
long     g_sent_account = 0, g_sent_market = 0, g_acked_account = 0, g_acked_market = 0;
long     g_noted = 0;

//--- the file: number, what, id, text
int      g_file = INVALID_HANDLE;
long     g_numbers[];
string   g_whats[];
long     g_ids[];
string   g_texts[];
long     g_last = 0;
int      g_unsent = 0; // lines before this one are sent or not of the stream
string   g_name = "";

//--- what was begun and has no outcome
long     g_unknown[];
ulong    g_asked = 0, g_account_at = 0;
string   g_account_told = "";
ulong    g_deals[];

//+------------------------------------------------------------------+
//| Life                                                              |
//+------------------------------------------------------------------+
int OnInit()
{
   MathSrand((int)GetTickCount());
   if(!ReadToken() || !ReadSymbols() || !OpenFile())
      return INIT_FAILED;
   Recover();
   EventSetMillisecondTimer(50);
   return INIT_SUCCEEDED;
}

void OnDeinit(const int reason)
{
   EventKillTimer();
   HangUp("the Expert Advisor ends");
   if(g_file != INVALID_HANDLE)
      FileClose(g_file);
}

void OnTimer()
{
   if(!g_linked && GetTickCount64() >= g_dial_at && !Dial())
      HangUp("no bridge answers");
   if(g_linked && !Listen())
      HangUp("the link broke");
   Reconcile();
   WatchAccount();
   if(g_linked && !SendAll())
      HangUp("the link broke");
}

// Deals are told when they happen; what is missed here, BookDeals finds by its window.
void OnTradeTransaction(const MqlTradeTransaction &what, const MqlTradeRequest &request,
                        const MqlTradeResult &result)
{
   if(what.type == TRADE_TRANSACTION_DEAL_ADD)
      BookDeals();
}

bool ReadToken()
{
   int file = FileOpen(InpTokenFile, FILE_READ | FILE_TXT | FILE_ANSI);
   if(file == INVALID_HANDLE)
   {
      Print("assay: token file ", InpTokenFile, " is not in MQL5\\Files");
      return false;
   }
   g_token = FileReadString(file);
   FileClose(file);
   StringTrimRight(g_token);
   if(StringLen(g_token) == 64)
      return true;
   Print("assay: ", InpTokenFile, " holds no token of 64 hexadecimal digits");
   return false;
}

bool ReadSymbols()
{
   string parts[], pair[];
   int count = StringSplit(InpSymbols, ',', parts);
   ArrayResize(g_ours, count);
   ArrayResize(g_theirs, count);
   ArrayResize(g_key_msc, count);
   ArrayResize(g_key_ordinal, count);
   for(int i = 0; i < count; i++)
   {
      int named = StringSplit(parts[i], '=', pair);
      g_ours[i] = pair[0];
      g_theirs[i] = pair[named - 1];
      if(!SymbolSelect(g_theirs[i], true))
      {
         Print("assay: the broker has no symbol ", g_theirs[i]);
         return false;
      }
      g_key_msc[i] = 0;
      g_key_ordinal[i] = -1;
   }
   return count > 0;
}

//+------------------------------------------------------------------+
//| The file: each line is on the disk when Keep returns              |
//+------------------------------------------------------------------+
bool OpenFile()
{
   if(!ReadFile())
      return false;
   if(ArraySize(g_whats) <= LINES_MAX)
      return true;
   return Shorten() && ReadFile();
}

string FilePath()
{
   return "assay-" + InpEdge + ".txt";
}

bool ReadFile()
{
   ArrayResize(g_numbers, 0);
   ArrayResize(g_whats, 0);
   ArrayResize(g_ids, 0);
   ArrayResize(g_texts, 0);
   g_last = 0;
   g_file = FileOpen(FilePath(), FILE_READ | FILE_WRITE | FILE_BIN);
   if(g_file == INVALID_HANDLE)
      return false;
   uchar content[];
   int size = (int)FileReadArray(g_file, content);
   int start = 0;
   for(int i = 0; i < size; i++)
      if(content[i] == '\n')
      {
         Remember(CharArrayToString(content, start, i - start, CP_UTF8));
         start = i + 1;
      }
   // A torn last line never was: what follows is written over it.
   FileSeek(g_file, start, SEEK_SET);
   for(int i = start; i < size; i++)
      FileWriteInteger(g_file, ' ', CHAR_VALUE);
   FileSeek(g_file, start, SEEK_SET);
   if(ArraySize(g_whats) == 0)
      Keep(0, "name", 0, Nonce(8));
   g_name = g_texts[0];
   return true;
}

// Keep the name, the newest lines, and of the older ones what is not told or not finished.
bool Shorten()
{
   int size = ArraySize(g_whats);
   long acked = 0;
   for(int i = 0; i < size; i++)
      if(g_whats[i] == "acked")
         acked = MathMax(acked, g_ids[i]);
   FileClose(g_file);
   g_file = FileOpen(FilePath() + ".new", FILE_WRITE | FILE_BIN);
   if(g_file == INVALID_HANDLE)
      return false;
   for(int i = 0; i < size; i++)
   {
      bool open = (g_whats[i] == "received" || g_whats[i] == "begun") && FindLine(g_ids[i], "outcome") < 0;
      if(i == 0 || i >= size - LINES_MAX / 2 || g_numbers[i] > acked || open)
         WriteLine(g_numbers[i], g_whats[i], g_ids[i], g_texts[i]);
   }
   FileFlush(g_file);
   FileClose(g_file);
   return FileMove(FilePath() + ".new", 0, FilePath(), FILE_REWRITE);
}

void Remember(string line)
{
   StringTrimLeft(line);
   string parts[];
   if(StringSplit(line, '\t', parts) != 4)
      return;
   Hold((long)StringToInteger(parts[0]), parts[1], (long)StringToInteger(parts[2]), parts[3]);
}

void Hold(long number, string what, long id, string text)
{
   int size = ArraySize(g_whats);
   ArrayResize(g_numbers, size + 1, 1000);
   ArrayResize(g_whats, size + 1, 1000);
   ArrayResize(g_ids, size + 1, 1000);
   ArrayResize(g_texts, size + 1, 1000);
   g_numbers[size] = number;
   g_whats[size] = what;
   g_ids[size] = id;
   g_texts[size] = text;
   g_last = MathMax(g_last, number);
}

void WriteLine(long number, string what, long id, string text)
{
   uchar bytes[];
   string line = StringFormat("%I64d\t%s\t%I64d\t", number, what, id) + text + "\n";
   int size = StringToCharArray(line, bytes, 0, WHOLE_ARRAY, CP_UTF8) - 1;
   FileWriteArray(g_file, bytes, 0, size);
}

void Keep(long number, string what, long id, string text)
{
   WriteLine(number, what, id, text);
   FileFlush(g_file);
   Hold(number, what, id, text);
}

int FindLine(long id, string what)
{
   for(int i = 0; i < ArraySize(g_whats); i++)
      if(g_ids[i] == id && g_whats[i] == what)
         return i;
   return -1;
}

void Tell(string what, long id, string record)
{
   Keep(g_last + 1, what, id, record);
}

//+------------------------------------------------------------------+
//| The line                                                          |
//+------------------------------------------------------------------+
bool Dial()
{
   g_socket = SocketCreate();
   if(g_socket == INVALID_HANDLE || !SocketConnect(g_socket, InpHost, InpPort, DIAL_MS))
      return false;
   SocketTimeouts(g_socket, DIAL_MS, DIAL_MS);
   // The handshake fails for a certificate that the machine does not trust.
   if(InpTls && !SocketTlsHandshake(g_socket, InpHost))
      return false;
   ArrayResize(g_kept, 0);
   string frame;
   if(!Expect("challenge", frame) || GetLong(frame, "protocol") != PROTOCOL)
      return false;
   string theirs = GetString(frame, "nonce"), ours = Nonce(32);
   string proof = StringFormat("{\"type\":\"proof\",\"protocol\":%d,\"edge\":\"%s\",", PROTOCOL, InpEdge)
      + "\"program\":\"" + PROGRAM + "\",\"nonce\":\"" + ours + "\",\"mac\":\""
      + Prove("edge", theirs, ours) + "\",\"origins\":{\"account\":\"" + g_name
      + "\",\"market\":\"history\"}}";
   if(!Send(proof) || !Expect("welcome", frame))
      return false;
   if(GetString(frame, "mac") != Prove("bridge", theirs, ours))
   {
      Print("assay: what answers is not our bridge");
      return false;
   }
   string received = GetObject(frame, "received");
   g_sent_account = g_acked_account = GetLong(received, "account");
   g_sent_market = g_acked_market = GetLong(received, "market");
   g_unsent = 0;
   MeetQuotes(GetObject(frame, "quotes"));
   MeetOrigin(GetString(GetObject(frame, "origins"), "commands"));
   if(!Send(StringFormat("{\"type\":\"ready\",\"received\":{\"commands\":%I64d}}", g_commands)))
      return false;
   g_beat_ms = (int)GetLong(frame, "beat_ms");
   g_heard = g_beaten = GetTickCount64();
   g_pause = PAUSE_MS;
   g_linked = true;
   return true;
}

void HangUp(string reason)
{
   if(g_linked)
      Print("assay: ", reason);
   if(g_socket != INVALID_HANDLE)
      SocketClose(g_socket);
   g_socket = INVALID_HANDLE;
   g_linked = false;
   g_dial_at = GetTickCount64() + (ulong)(g_pause * (MathRand() / 32768.0));
   g_pause = MathMin(2 * g_pause, PAUSE_MAX_MS);
}

bool Send(string text)
{
   uchar bytes[], frame[];
   int size = StringToCharArray(text, bytes, 0, WHOLE_ARRAY, CP_UTF8) - 1;
   ArrayResize(frame, size + 4);
   for(int i = 0; i < 4; i++)
      frame[i] = (uchar)((size >> (24 - 8 * i)) & 0xFF);
   ArrayCopy(frame, bytes, 4, 0, size);
   int done = InpTls ? SocketTlsSend(g_socket, frame, size + 4) : SocketSend(g_socket, frame, size + 4);
   return done == size + 4;
}

// Return 1 with a frame, 0 where none is whole yet, -1 where the line is broken.
int Receive(string &frame)
{
   uchar part[];
   uint readable = InpTls ? SocketTlsReadAvailable(g_socket, part, 65536)
                          : SocketIsReadable(g_socket);
   if(!InpTls && readable > 0)
      readable = SocketRead(g_socket, part, MathMin(readable, 65536), 1);
   int size = ArraySize(g_kept);
   if((int)readable > 0)
   {
      ArrayCopy(g_kept, part, size, 0, (int)readable);
      size += (int)readable;
   }
   else if(!SocketIsConnected(g_socket))
      return -1;
   if(size < 4)
      return 0;
   long length = ((long)g_kept[0] << 24) + ((long)g_kept[1] << 16) + ((long)g_kept[2] << 8) + g_kept[3];
   if(length > FRAME_MAX)
      return -1;
   if(size < 4 + length)
      return 0;
   frame = CharArrayToString(g_kept, 4, (int)length, CP_UTF8);
   ArrayRemove(g_kept, 0, 4 + (int)length);
   return 1;
}

bool Expect(string kind, string &frame)
{
   ulong end = GetTickCount64() + DIAL_MS;
   while(GetTickCount64() < end && !IsStopped())
   {
      int got = Receive(frame);
      if(got < 0)
         return false;
      if(got > 0)
      {
         if(GetString(frame, "type") == "refused")
            Print("assay: the bridge refused: ", GetString(frame, "reason"));
         return GetString(frame, "type") == kind;
      }
      Sleep(5);
   }
   return false;
}

bool Listen()
{
   string frame;
   int got;
   while((got = Receive(frame)) > 0)
   {
      g_heard = GetTickCount64();
      string kind = GetString(frame, "type");
      if(kind == "batch" && GetString(frame, "stream") == "commands")
      {
         if(!TakeCommands(GetLong(frame, "first"), GetArray(frame, "records")))
            return false;
      }
      else if(kind == "ack")
      {
         if(GetString(frame, "stream") == "market")
            g_acked_market = GetLong(frame, "last");
         else
            g_acked_account = GetLong(frame, "last");
         // Now and then the file learns it too, so that it can be shortened.
         if(g_acked_account - g_noted >= NOTE_EVERY)
         {
            g_noted = g_acked_account;
            Keep(0, "acked", g_noted, "-");
         }
      }
      else if(kind == "beat")
      {
         if(!Compare(GetLong(GetObject(frame, "sent"), "commands")))
            return false;
      }
      else // again and gap: what was sent cannot be taken back; a fresh start can do it all
         return false;
   }
   return got == 0 && GetTickCount64() - g_heard <= (ulong)(3 * g_beat_ms);
}

bool Compare(long sent)
{
   if(sent <= g_commands)
      return true;
   return Send(StringFormat("{\"type\":\"again\",\"stream\":\"commands\",\"first\":%I64d}", g_commands + 1));
}

bool SendAll()
{
   if(!SendAccount())
      return false;
   for(int i = 0; i < ArraySize(g_ours); i++)
      if(!SendQuotes(i))
         return false;
   if(GetTickCount64() - g_beaten < (ulong)g_beat_ms)
      return true;
   g_beaten = GetTickCount64();
   return Send(StringFormat("{\"type\":\"beat\",\"sent\":{\"account\":%I64d,\"market\":%I64d}}",
                            g_sent_account, g_sent_market));
}

bool SendBatch(string stream, long first, string records)
{
   return Send(StringFormat("{\"type\":\"batch\",\"stream\":\"%s\",\"first\":%I64d,\"records\":[", stream, first)
               + records + "]}");
}

bool SendAccount()
{
   string records = "";
   int count = 0;
   long first = g_sent_account + 1;
   for(; g_unsent < ArraySize(g_numbers) && count < BATCH; g_unsent++)
      if(g_numbers[g_unsent] > g_sent_account)
      {
         records += (count > 0 ? "," : "") + g_texts[g_unsent];
         g_sent_account = g_numbers[g_unsent];
         count++;
      }
   return count == 0 || SendBatch("account", first, records);
}

//+------------------------------------------------------------------+
//| Quotes: the terminal's history is the buffer                      |
//+------------------------------------------------------------------+
void MeetQuotes(string quotes)
{
   for(int i = 0; i < ArraySize(g_ours); i++)
   {
      string key = GetArray(quotes, g_ours[i]);
      string parts[];
      if(key != "" && StringSplit(Inside(key), ',', parts) == 2)
      {
         g_key_msc[i] = StringToInteger(parts[0]);
         g_key_ordinal[i] = StringToInteger(parts[1]);
      }
      else
      {
         MqlTick tick;
         g_key_msc[i] = SymbolInfoTick(g_theirs[i], tick) ? tick.time_msc : 0;
         g_key_ordinal[i] = -1;
      }
   }
}

bool SendQuotes(int i)
{
   if(g_sent_market - g_acked_market >= WINDOW - BATCH || g_key_msc[i] == 0)
      return true;
   MqlTick ticks[];
   // From the first millisecond of the key's second: every quote of its millisecond is counted alike.
   ulong from = (ulong)(g_key_msc[i] / 1000 * 1000);
   int found = CopyTicks(g_theirs[i], ticks, COPY_TICKS_INFO, from, 10000);
   int digits = (int)SymbolInfoInteger(g_theirs[i], SYMBOL_DIGITS);
   double scale = MathPow(10, digits);
   string records = "";
   int count = 0;
   long ordinal = -1, before = -1, first = g_sent_market + 1;
   for(int t = 0; t < found && count < BATCH; t++)
   {
      long at = ticks[t].time_msc;
      ordinal = at == before ? ordinal + 1 : 0;
      before = at;
      if(at < g_key_msc[i] || (at == g_key_msc[i] && ordinal <= g_key_ordinal[i]))
         continue;
      g_key_msc[i] = at;
      g_key_ordinal[i] = ordinal;
      if(ticks[t].bid <= 0 || ticks[t].ask <= 0)
         continue;
      records += (count > 0 ? "," : "") + "[\"quote\",\"" + g_ours[i] + "\","
         + StringFormat("%I64d,%I64d,%I64d,%d,%I64d,%I64d]", at, ordinal, UtcNs(at), digits,
                        (long)MathRound(ticks[t].bid * scale), (long)MathRound(ticks[t].ask * scale));
      count++;
   }
   g_sent_market += count;
   return count == 0 || SendBatch("market", first, records);
}

long UtcNs(long server_msc)
{
   return (server_msc - 1000 * (long)InpUtcOffsetS) * 1000000;
}

long NowNs()
{
   return (long)TimeGMT() * 1000000000;
}

//+------------------------------------------------------------------+
//| Commands: received, begun, sent, outcome, each on the disk        |
//+------------------------------------------------------------------+
void MeetOrigin(string origin)
{
   g_origin = origin;
   g_commands = 0;
   for(int i = 0; i < ArraySize(g_whats); i++)
      if(g_whats[i] == "received" && GetString(g_texts[i], "origin") == origin)
         g_commands = MathMax(g_commands, GetLong(g_texts[i], "number"));
}

bool TakeCommands(long first, string records)
{
   if(first > g_commands + 1)
      return Compare(first);
   string commands[];
   int count = SplitArray(records, commands);
   for(int i = 0; i < count; i++)
   {
      long number = first + i;
      if(number <= g_commands)
         continue;
      g_commands = number;
      long id = GetLong(commands[i], "id");
      bool is_new = FindLine(id, "received") < 0;
      Keep(0, "received", id, StringFormat("{\"origin\":\"%s\",\"number\":%I64d,\"command\":", g_origin, number)
           + commands[i] + "}");
      if(!Send(StringFormat("{\"type\":\"ack\",\"stream\":\"commands\",\"last\":%I64d}", number)))
         return false;
      if(is_new)
         CarryOut(id, commands[i]);
      else
         Repeat(id);
   }
   return true;
}

void CarryOut(long id, string command)
{
   Keep(0, "begun", id, StringFormat("%I64d", (long)TimeGMT()));
   if(GetString(command, "kind") == "watch")
   {
      Watch(id, command);
      return;
   }
   string event = Execute(id, command);
   if(event == "")
   {
      AddUnknown(id);
      event = Event("OrderUnknown", id, command) + ",\"reason\":\"timeout\"}";
      Tell("reported", 0, "{\"type\":\"reported\",\"events\":[" + event + "]}");
   }
   else
      Finish(id, "executed", event);
}

// An order of another road: its number counts as ours, and what the terminal shows of it is told.
void Watch(long id, string command)
{
   long key = GetLong(command, "key");
   if(FindLine(key, "received") < 0)
      Keep(0, "received", key, "{\"origin\":\"\",\"number\":0,\"command\":" + command + "}");
   Keep(0, "begun", key, StringFormat("%I64d", (long)TimeGMT()));
   Keep(0, "watched", key, StringFormat("%I64d", (long)TimeGMT()));
   AddUnknown(key);
   Finish(id, "executed", Event("OrderUnknown", key, command) + ",\"reason\":\"watched\"}");
}

void Finish(long id, string how, string event)
{
   Tell("outcome", id, StringFormat("{\"type\":\"outcome\",\"command\":%I64d,\"how\":\"%s\",\"events\":[", id, how)
        + event + "]}");
}

void Repeat(long id)
{
   int line = FindLine(id, "outcome");
   if(line < 0)
      return;
   string text = g_texts[line];
   StringReplace(text, "\"how\":\"executed\"", "\"how\":\"repeated\"");
   StringReplace(text, "\"how\":\"reconciled\"", "\"how\":\"repeated\"");
   Tell("outcome", id, text);
}

void Recover()
{
   int size = ArraySize(g_whats);
   for(int i = 0; i < size; i++)
   {
      if(g_whats[i] != "received" || FindLine(g_ids[i], "outcome") >= 0)
         continue;
      if(FindLine(g_ids[i], "begun") >= 0)
         AddUnknown(g_ids[i]);
      else
         CarryOut(g_ids[i], GetObject(g_texts[i], "command"));
   }
}

void AddUnknown(long id)
{
   for(int i = 0; i < ArraySize(g_unknown); i++)
      if(g_unknown[i] == id)
         return;
   int size = ArraySize(g_unknown);
   ArrayResize(g_unknown, size + 1);
   g_unknown[size] = id;
}

// Ask the terminal what became of what was begun. Nothing is ever sent again.
void Reconcile()
{
   if(ArraySize(g_unknown) == 0 || GetTickCount64() - g_asked < ASK_EVERY_MS)
      return;
   g_asked = GetTickCount64();
   if(!TerminalInfoInteger(TERMINAL_CONNECTED))
      return;
   for(int i = ArraySize(g_unknown) - 1; i >= 0; i--)
   {
      long id = g_unknown[i];
      string command = GetObject(g_texts[FindLine(id, "received")], "command");
      ulong ticket = FindByMagic(id);
      int watched = FindLine(id, "watched");
      long age = (long)TimeGMT() - StringToInteger(g_texts[watched >= 0 ? watched : FindLine(id, "begun")]);
      string event = "";
      if(ticket > 0)
         event = Accepted(id, command, ticket, GetLong(command, "quantity"));
      else if(age > SETTLE_S)
         event = Event("OrderRejected", id, command) + ",\"reason\":\"" + (watched >= 0 ? "never_seen" : "never_arrived") + "\"}";
      if(event == "")
         continue;
      Finish(id, "reconciled", event);
      ArrayRemove(g_unknown, i, 1);
   }
}

ulong FindByMagic(long magic)
{
   for(int i = OrdersTotal() - 1; i >= 0; i--)
   {
      ulong ticket = OrderGetTicket(i);
      if(ticket > 0 && OrderGetInteger(ORDER_MAGIC) == magic)
         return ticket;
   }
   HistorySelect(TimeCurrent() - OVERLAP_S, TimeCurrent() + OVERLAP_S);
   for(int i = HistoryOrdersTotal() - 1; i >= 0; i--)
   {
      ulong ticket = HistoryOrderGetTicket(i);
      if(HistoryOrderGetInteger(ticket, ORDER_MAGIC) == magic)
         return ticket;
   }
   return 0;
}

//+------------------------------------------------------------------+
//| Orders                                                            |
//+------------------------------------------------------------------+
string Execute(long id, string command)
{
   string reason = FindObjection(command);
   MqlTradeRequest request = {};
   MqlTradeResult result = {};
   if(reason == "")
      reason = BuildRequest(id, command, request);
   if(reason != "")
      return Event("OrderRejected", id, command) + ",\"reason\":\"" + reason + "\"}";
   bool sent = OrderSend(request, result);
   uint code = result.retcode;
   if(code == TRADE_RETCODE_PLACED || code == TRADE_RETCODE_DONE || code == TRADE_RETCODE_DONE_PARTIAL
      || code == TRADE_RETCODE_NO_CHANGES)
   {
      long units = UnitsOf(request.symbol, request.volume);
      return Accepted(id, command, result.order, GetLong(command, "quantity") < 0 ? -units : units);
   }
   // Without an answer, or after these, the order may have reached the broker.
   if(code == 0 || code == TRADE_RETCODE_TIMEOUT || code == TRADE_RETCODE_CONNECTION || code == TRADE_RETCODE_ERROR)
      return "";
   return Event("OrderRejected", id, command)
      + StringFormat(",\"reason\":\"retcode\",\"retcode\":%u,\"text\":\"", code) + Plain(result.comment) + "\"}";
}

string FindObjection(string command)
{
   long expiry = GetLong(command, "expiry_ns");
   if(expiry > 0 && NowNs() > expiry)
      return "expired";
   if(InpLogin == 0 || AccountInfoInteger(ACCOUNT_LOGIN) != InpLogin)
      return "account";
   if(GetString(command, "account") != InpAccount)
      return "account";
   if(!TerminalInfoInteger(TERMINAL_TRADE_ALLOWED) || !AccountInfoInteger(ACCOUNT_TRADE_EXPERT))
      return "client_disables_at";
   return "";
}

string BuildRequest(long id, string command, MqlTradeRequest &request)
{
   string kind = GetString(command, "kind");
   long ticket = GetLong(command, "ticket");
   request.magic = (ulong)id;
   request.deviation = (ulong)GetLong(command, "deviation");
   request.comment = StringSubstr(GetString(command, "strategy"), 0, 26);
   if(kind == "cancel")
   {
      request.action = TRADE_ACTION_REMOVE;
      request.order = (ulong)ticket;
      return "";
   }
   request.symbol = Theirs(GetString(command, "symbol"));
   if(request.symbol == "")
      return "unmapped_symbol";
   double scale = MathPow(10, (double)GetLong(command, "digits"));
   request.sl = GetLong(command, "stop") / scale;
   request.tp = GetLong(command, "target") / scale;
   if(kind == "close_by")
   {
      request.action = TRADE_ACTION_CLOSE_BY;
      request.position = (ulong)ticket;
      request.position_by = (ulong)GetLong(command, "other_ticket");
      return "";
   }
   if(kind == "modify")
      return BuildModify(command, ticket, scale, request);
   if(kind == "close")
      return BuildClose(command, ticket, request);
   return BuildSubmit(command, scale, request);
}

string BuildModify(string command, long ticket, double scale, MqlTradeRequest &request)
{
   if(PositionSelectByTicket((ulong)ticket))
   {
      request.action = TRADE_ACTION_SLTP;
      request.position = (ulong)ticket;
      return "";
   }
   if(!OrderSelect((ulong)ticket))
      return "no_such_order";
   request.action = TRADE_ACTION_MODIFY;
   request.order = (ulong)ticket;
   long price = GetLong(command, "price");
   request.price = price > 0 ? price / scale : OrderGetDouble(ORDER_PRICE_OPEN);
   long limit = GetLong(command, "limit_price");
   request.stoplimit = limit > 0 ? limit / scale : OrderGetDouble(ORDER_PRICE_STOPLIMIT);
   request.type_time = (ENUM_ORDER_TYPE_TIME)OrderGetInteger(ORDER_TYPE_TIME);
   request.expiration = (datetime)OrderGetInteger(ORDER_TIME_EXPIRATION);
   return "";
}

string BuildClose(string command, long ticket, MqlTradeRequest &request)
{
   if(!PositionSelectByTicket((ulong)ticket))
      return "no_such_position";
   bool is_long = PositionGetInteger(POSITION_TYPE) == POSITION_TYPE_BUY;
   // Of what another road opened the platform says how much is ours.
   long own = GetLong(command, "own");
   if(own != 0 && (own > 0) != is_long)
      return "position_closed";
   double whole = PositionGetDouble(POSITION_VOLUME), held = whole;
   if(own != 0)
      held = MathMin(held, FloorLots(request.symbol, MathAbs((double)own)));
   double wanted = FloorLots(request.symbol, MathAbs((double)GetLong(command, "quantity")));
   request.action = TRADE_ACTION_DEAL;
   request.position = (ulong)ticket;
   request.type = is_long ? ORDER_TYPE_SELL : ORDER_TYPE_BUY;
   request.volume = GetLong(command, "quantity") == 0 || wanted > held ? held : wanted;
   // What is left is nothing or at least the smallest volume.
   double left = whole - request.volume;
   if(request.volume <= 0 || (left > 0 && left < SymbolInfoDouble(request.symbol, SYMBOL_VOLUME_MIN)))
      return "volume";
   request.price = SymbolInfoDouble(request.symbol, is_long ? SYMBOL_BID : SYMBOL_ASK);
   request.sl = request.tp = 0;
   request.type_filling = Filling(request.symbol, GetString(command, "time_in_force"), true);
   return "";
}

string BuildSubmit(string command, double scale, MqlTradeRequest &request)
{
   string type = GetString(command, "order_type"), force = GetString(command, "time_in_force");
   bool is_long = GetLong(command, "quantity") > 0;
   request.volume = FloorLots(request.symbol, MathAbs((double)GetLong(command, "quantity")));
   if(request.volume < SymbolInfoDouble(request.symbol, SYMBOL_VOLUME_MIN))
      return "volume_below_minimum";
   bool is_market = type == "market";
   request.action = is_market ? TRADE_ACTION_DEAL : TRADE_ACTION_PENDING;
   request.type_filling = Filling(request.symbol, force, is_market);
   if(is_market)
   {
      request.type = is_long ? ORDER_TYPE_BUY : ORDER_TYPE_SELL;
      request.price = SymbolInfoDouble(request.symbol, is_long ? SYMBOL_ASK : SYMBOL_BID);
      return WeighMargin(command, is_long, request);
   }
   request.price = GetLong(command, "price") / scale;
   string denial = WeighMargin(command, is_long, request);
   if(denial != "")
      return denial;
   if(type == "limit")
      request.type = is_long ? ORDER_TYPE_BUY_LIMIT : ORDER_TYPE_SELL_LIMIT;
   else if(type == "stop")
      request.type = is_long ? ORDER_TYPE_BUY_STOP : ORDER_TYPE_SELL_STOP;
   else if(type == "stop_limit")
   {
      request.type = is_long ? ORDER_TYPE_BUY_STOP_LIMIT : ORDER_TYPE_SELL_STOP_LIMIT;
      request.stoplimit = GetLong(command, "limit_price") / scale;
   }
   else
      return "order_type";
   request.type_time = force == "day" ? ORDER_TIME_DAY : force == "gtd" ? ORDER_TIME_SPECIFIED : ORDER_TIME_GTC;
   if(force == "gtd")
      request.expiration = (datetime)(GetLong(command, "expires") / 1000000000 + InpUtcOffsetS);
   return "";
}

// The broker's margin is the truth: where the platform expected another by over 1 %, nothing goes out.
string WeighMargin(string command, bool is_long, const MqlTradeRequest &request)
{
   double expected = (double)GetLong(command, "margin"), units = MathAbs((double)GetLong(command, "quantity"));
   if(expected <= 0 || units <= 0)
      return "";
   double asked = 0, contract = SymbolInfoDouble(request.symbol, SYMBOL_TRADE_CONTRACT_SIZE);
   if(!OrderCalcMargin(is_long ? ORDER_TYPE_BUY : ORDER_TYPE_SELL, request.symbol, request.volume, request.price, asked))
      return "margin_unknown";
   double gap = MathAbs((double)Minor(asked) - MathFloor(expected * request.volume * contract / units));
   return (gap - 1) * 100 > (double)Minor(asked) ? "margin_gap" : "";
}

ENUM_ORDER_TYPE_FILLING Filling(string symbol, string force, bool is_market)
{
   long mask = SymbolInfoInteger(symbol, SYMBOL_FILLING_MODE);
   if(force == "fok")
      return ORDER_FILLING_FOK;
   if(force == "ioc")
      return ORDER_FILLING_IOC;
   if(!is_market)
      return ORDER_FILLING_RETURN;
   if((mask & SYMBOL_FILLING_IOC) != 0)
      return ORDER_FILLING_IOC;
   return (mask & SYMBOL_FILLING_FOK) != 0 ? ORDER_FILLING_FOK : ORDER_FILLING_RETURN;
}

// Volumes floor to the step, never up; a hair is added against the doubles' own error.
double FloorLots(string symbol, double units)
{
   double step = SymbolInfoDouble(symbol, SYMBOL_VOLUME_STEP);
   double lots = units / SymbolInfoDouble(symbol, SYMBOL_TRADE_CONTRACT_SIZE);
   return NormalizeDouble(MathFloor(lots / step + 1e-9) * step, 8);
}

long UnitsOf(string symbol, double lots)
{
   return (long)MathRound(lots * SymbolInfoDouble(symbol, SYMBOL_TRADE_CONTRACT_SIZE));
}

string Theirs(string ours)
{
   for(int i = 0; i < ArraySize(g_ours); i++)
      if(g_ours[i] == ours)
         return g_theirs[i];
   return "";
}

string Ours(string theirs)
{
   for(int i = 0; i < ArraySize(g_theirs); i++)
      if(g_theirs[i] == theirs)
         return g_ours[i];
   return theirs;
}

//+------------------------------------------------------------------+
//| The account                                                       |
//+------------------------------------------------------------------+
void WatchAccount()
{
   if(GetTickCount64() < g_account_at)
      return;
   g_account_at = GetTickCount64() + ACCOUNT_EVERY_MS;
   BookDeals();
   string state = AccountState();
   if(state == g_account_told)
      return;
   g_account_told = state;
   Tell("reported", 0, "{\"type\":\"reported\",\"events\":[" + Envelope("AccountReported", NowNs()) + state + "}]}");
}

string AccountState()
{
   long mode = AccountInfoInteger(ACCOUNT_TRADE_MODE), margin = AccountInfoInteger(ACCOUNT_MARGIN_MODE);
   string modes[] = {"demo", "contest", "real"}, margins[] = {"netting", "exchange", "hedging"};
   return StringFormat(",\"login\":%I64d,\"server\":\"%s\",\"mode\":\"%s\",\"margin_mode\":\"%s\",",
                       AccountInfoInteger(ACCOUNT_LOGIN), Plain(AccountInfoString(ACCOUNT_SERVER)),
                       modes[(int)mode], margins[(int)margin])
      + StringFormat("\"currency\":\"%s\",\"currency_digits\":%I64d,\"balance\":%I64d,\"credit\":%I64d,",
                     AccountInfoString(ACCOUNT_CURRENCY), AccountInfoInteger(ACCOUNT_CURRENCY_DIGITS),
                     Minor(AccountInfoDouble(ACCOUNT_BALANCE)), Minor(AccountInfoDouble(ACCOUNT_CREDIT)))
      + StringFormat("\"equity\":%I64d,\"margin\":%I64d,\"level\":%I64d,\"connected\":%s,\"trade_allowed\":%s,\"leverage\":%I64d",
                     Minor(AccountInfoDouble(ACCOUNT_EQUITY)), Minor(AccountInfoDouble(ACCOUNT_MARGIN)),
                     (long)MathRound(AccountInfoDouble(ACCOUNT_MARGIN_LEVEL) * 100),
                     TerminalInfoInteger(TERMINAL_CONNECTED) ? "true" : "false",
                     TerminalInfoInteger(TERMINAL_TRADE_ALLOWED) ? "true" : "false",
                     AccountInfoInteger(ACCOUNT_LEVERAGE));
}

long Minor(double money)
{
   return (long)MathRound(money * MathPow(10, (double)AccountInfoInteger(ACCOUNT_CURRENCY_DIGITS)));
}

// Deals by a window that overlaps, each once by its ticket; the file knows those told before.
void BookDeals()
{
   HistorySelect(TimeCurrent() - OVERLAP_S, TimeCurrent() + OVERLAP_S);
   for(int i = 0; i < HistoryDealsTotal(); i++)
   {
      ulong ticket = HistoryDealGetTicket(i);
      if(ticket == 0 || FindLine((long)ticket, "deal") >= 0)
         continue;
      string record = "{\"type\":\"reported\",\"events\":[" + DealEvent(ticket) + "]}";
      Tell("deal", (long)ticket, record);
   }
}

string DealEvent(ulong ticket)
{
   string symbol = HistoryDealGetString(ticket, DEAL_SYMBOL);
   long type = HistoryDealGetInteger(ticket, DEAL_TYPE), magic = HistoryDealGetInteger(ticket, DEAL_MAGIC);
   bool is_trade = type == DEAL_TYPE_BUY || type == DEAL_TYPE_SELL;
   int digits = symbol == "" ? 0 : (int)SymbolInfoInteger(symbol, SYMBOL_DIGITS);
   long units = symbol == "" ? 0 : UnitsOf(symbol, HistoryDealGetDouble(ticket, DEAL_VOLUME));
   if(type == DEAL_TYPE_SELL)
      units = -units;
   // A stop, a target or a stop-out bears our magic number and is no order of ours.
   long reason = HistoryDealGetInteger(ticket, DEAL_REASON);
   bool is_ours = FindLine(magic, "begun") >= 0, is_order = is_ours && reason == DEAL_REASON_EXPERT;
   string entries[] = {"in", "out", "inout", "out_by"};
   string reasons[] = {"client", "mobile", "web", "expert", "sl", "tp", "so", "rollover", "vmargin", "split"};
   return Envelope("DealBooked", UtcNs(HistoryDealGetInteger(ticket, DEAL_TIME_MSC)))
      + StringFormat(",\"ticket\":%I64u,\"order\":%I64d,\"position\":%I64d,\"key\":%I64d,\"position_key\":%I64d,",
                     ticket, HistoryDealGetInteger(ticket, DEAL_ORDER),
                     HistoryDealGetInteger(ticket, DEAL_POSITION_ID), is_order ? magic : 0, is_ours ? magic : 0)
      + StringFormat("\"symbol\":\"%s\",\"kind\":\"%s\",\"entry\":\"%s\",\"reason\":\"%s\",",
                     Ours(symbol), Kind(type), is_trade ? entries[(int)HistoryDealGetInteger(ticket, DEAL_ENTRY)] : "",
                     reason < ArraySize(reasons) ? reasons[(int)reason] : "other")
      + StringFormat("\"quantity\":%I64d,\"own\":%I64d,\"price\":%I64d,\"price_digits\":%d,",
                     units, is_ours ? units : 0,
                     (long)MathRound(HistoryDealGetDouble(ticket, DEAL_PRICE) * MathPow(10, digits)), digits)
      + StringFormat("\"commission\":%I64d,\"swap\":%I64d,\"fee\":%I64d,\"profit\":%I64d}",
                     Minor(HistoryDealGetDouble(ticket, DEAL_COMMISSION)), Minor(HistoryDealGetDouble(ticket, DEAL_SWAP)),
                     Minor(HistoryDealGetDouble(ticket, DEAL_FEE)), Minor(HistoryDealGetDouble(ticket, DEAL_PROFIT)));
}

string Kind(long type)
{
   string kinds[] = {"buy", "sell", "balance", "credit", "charge", "correction", "bonus", "commission"};
   return type < ArraySize(kinds) ? kinds[(int)type] : "other";
}

//+------------------------------------------------------------------+
//| Messages                                                          |
//+------------------------------------------------------------------+
string Envelope(string type, long ts)
{
   return StringFormat("{\"type\":\"%s\",\"id\":0,\"ts_event\":%I64d,\"ts_init\":%I64d,\"account\":\"%s\"",
                       type, ts, NowNs(), InpAccount);
}

// Return an event of an order, still open: the caller adds fields and closes it.
string Event(string type, long id, string command)
{
   return Envelope(type, NowNs()) + StringFormat(",\"key\":%I64d,\"symbol\":\"%s\"", id, GetString(command, "symbol"));
}

string Accepted(long id, string command, ulong ticket, long units)
{
   return Event("OrderAccepted", id, command)
      + StringFormat(",\"ticket\":%I64u,\"quantity\":%I64d,\"price_digits\":%I64d,\"stop\":%I64d,\"target\":%I64d}",
                     ticket, units, GetLong(command, "digits"), GetLong(command, "stop"), GetLong(command, "target"));
}

string Plain(string text)
{
   StringReplace(text, "\\", " ");
   StringReplace(text, "\"", " ");
   return text;
}

//+------------------------------------------------------------------+
//| Proofs                                                            |
//+------------------------------------------------------------------+
string Prove(string side, string bridge_nonce, string edge_nonce)
{
   string text = "assay-link-1\n" + side + "\n" + InpEdge + "\n" + bridge_nonce + "\n" + edge_nonce;
   uchar key[64], inner[], outer[], message[], digest[], none[];
   ArrayInitialize(key, 0);
   for(int i = 0; i < 32; i++)
      key[i] = (uchar)(16 * HexDigit(StringGetCharacter(g_token, 2 * i)) + HexDigit(StringGetCharacter(g_token, 2 * i + 1)));
   int size = StringToCharArray(text, message, 0, WHOLE_ARRAY, CP_UTF8) - 1;
   ArrayResize(inner, 64 + size);
   ArrayResize(outer, 64 + 32);
   for(int i = 0; i < 64; i++)
   {
      inner[i] = (uchar)(key[i] ^ 0x36);
      outer[i] = (uchar)(key[i] ^ 0x5C);
   }
   ArrayCopy(inner, message, 64, 0, size);
   CryptEncode(CRYPT_HASH_SHA256, inner, none, digest);
   ArrayCopy(outer, digest, 64, 0, 32);
   CryptEncode(CRYPT_HASH_SHA256, outer, none, digest);
   string shown = "";
   for(int i = 0; i < 32; i++)
      shown += StringFormat("%02x", digest[i]);
   return shown;
}

int HexDigit(ushort letter)
{
   return letter >= 'a' ? letter - 'a' + 10 : letter - '0';
}

// A nonce need not be secret, only new: clock, counter and chance, hashed.
string Nonce(int octets)
{
   uchar seed[], none[], digest[];
   string text = StringFormat("%I64u %d %d %d %s", GetMicrosecondCount(), (int)TimeLocal(), MathRand(), MathRand(), g_token);
   StringToCharArray(text, seed, 0, WHOLE_ARRAY, CP_UTF8);
   CryptEncode(CRYPT_HASH_SHA256, seed, none, digest);
   string shown = "";
   for(int i = 0; i < octets; i++)
      shown += StringFormat("%02x", digest[i]);
   return shown;
}

//+------------------------------------------------------------------+
//| Reading JSON: the value of a name at the top of an object         |
//+------------------------------------------------------------------+

// Return where the value that begins at `start` ends: behind its last character.
int EndOf(string text, int start)
{
   int depth = 0, size = StringLen(text);
   bool quoted = false;
   for(int i = start; i < size; i++)
   {
      ushort letter = StringGetCharacter(text, i);
      if(quoted)
      {
         if(letter == '\\')
            i++;
         else if(letter == '"')
            quoted = false;
         continue;
      }
      if(letter == '"')
         quoted = true;
      else if(letter == '{' || letter == '[')
         depth++;
      else if(letter == '}' || letter == ']')
      {
         if(depth == 0)
            return i;
         depth--;
      }
      else if(letter == ',' && depth == 0)
         return i;
   }
   return size;
}

string GetValue(string object, string name)
{
   int at = 1;
   while(at < StringLen(object) - 1)
   {
      int colon = StringFind(object, ":", at);
      if(colon < 0)
         return "";
      string found = StringSubstr(object, at, colon - at);
      StringTrimLeft(found);
      StringTrimRight(found);
      int end = EndOf(object, colon + 1);
      if(found == "\"" + name + "\"")
      {
         string value = StringSubstr(object, colon + 1, end - colon - 1);
         StringTrimLeft(value);
         StringTrimRight(value);
         return value;
      }
      at = end + 1;
   }
   return "";
}

string GetString(string object, string name)
{
   return Inside(GetValue(object, name));
}

long GetLong(string object, string name)
{
   return StringToInteger(GetValue(object, name));
}

string GetObject(string object, string name)
{
   return GetValue(object, name);
}

string GetArray(string object, string name)
{
   return GetValue(object, name);
}

string Inside(string value)
{
   return StringLen(value) < 2 ? "" : StringSubstr(value, 1, StringLen(value) - 2);
}

int SplitArray(string array, string &parts[])
{
   string inside = Inside(array);
   int count = 0, at = 0;
   while(at < StringLen(inside))
   {
      int end = EndOf(inside, at);
      ArrayResize(parts, count + 1);
      parts[count++] = StringSubstr(inside, at, end - at);
      at = end + 1;
   }
   return count;
}
//+------------------------------------------------------------------+
