/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The downgrade as a bounded model: two messages to one recipient, every interleaving. The adversary controls what the directory
 * answers (drop, lie, replay), when a device acknowledges, and when the core crashes. What is on disk outlives a crash: the log's leaf,
 * the vault's used legs, the secure queue, the outcome. What the core held in memory does not: it decides again.
 *
 * The wait for an acknowledgement and the withdrawal of the secure copies race (rows 10 and 11 of docs/decision-table.md).
 * tests/decide/model_test.sh verifies each property, and that each seeded bug (-DBUG_...) is caught by the one named there.
 * Not modelled: the expiry of consents, keys, a second gateway.
 */
#define NMSG 2

mtype = { SEC, NOSEC, UNK };				   /* verified directory view */
mtype = { HOLD, WAITSEC, ORDERED, DONE_SEC, DONE_SMS, IN_DOUBT, EXPIRED };

mtype view = UNK;
bool pinned;	     /* the recipient was secure once */
bool negproof;	     /* the absence is signed */

/* The sender. */
bool consent[NMSG];  /* for absence and for undelivered */
bool pin_ack[NMSG];

/* Durable. */
mtype st[NMSG];
bool queued[NMSG];   /* secure copies lie in the devices' queue */
bool withdrawn[NMSG];
bool logged[NMSG];   /* the leaf is in the tree */
bool used[NMSG];     /* the vault recorded the leg, before it opened */
bool rcpt[NMSG];

/* What happened, for the properties. */
byte sms[NMSG];	     /* hand-offs to a bearer */
bool opened[NMSG];
bool acked[NMSG];
bool on_reason[NMSG]; /* decided on signed absence, or on silence after withdrawal */
bool broke_pin[NMSG];

/* Lost in a crash. */
bool handing[NMSG];  /* the vault answered, the text is on its way to the link */

byte crashes;

proctype Dir()
{
	do
	:: atomic { view = SEC; pinned = true }
	:: view = UNK
	:: atomic { view = NOSEC; negproof = false }
	:: atomic { view = NOSEC; negproof = true }
	od
}

proctype Sender(byte i)
{
	if
	:: consent[i] = true;
		if
		:: pin_ack[i] = true
		:: skip
		fi
	:: skip
	fi
}

/* A device takes what lies in its queue whenever it likes, or never. */
proctype Device(byte i)
{
	do
	:: atomic { queued[i] -> acked[i] = true; queued[i] = false; break }
	:: atomic { st[i] == DONE_SMS || st[i] == IN_DOUBT || st[i] == EXPIRED -> break }
	od
}

inline decide_absent(i)
{
	logged[i] = true; on_reason[i] = true; broke_pin[i] = pinned && !pin_ack[i]; st[i] = ORDERED
}

proctype Core(byte i)
{
	do
	/* row 1 */
	:: atomic { st[i] == HOLD && view == SEC && !acked[i] && !withdrawn[i] -> queued[i] = true; st[i] = WAITSEC }
	/* row 11 */
	:: atomic { st[i] == WAITSEC && acked[i] -> st[i] = DONE_SEC; rcpt[i] = true; break }
	/* row 10: the withdrawal is one step with the look at the acknowledgement */
#ifdef BUG_WITHDRAW
	:: st[i] == WAITSEC && consent[i] && view == SEC && !acked[i] -> atomic { queued[i] = false; withdrawn[i] = true; st[i] = HOLD }
#else
	:: atomic { st[i] == WAITSEC && consent[i] && view == SEC && queued[i] && !acked[i] ->
		queued[i] = false; withdrawn[i] = true; st[i] = HOLD }
#endif
	:: atomic { st[i] == HOLD && withdrawn[i] && view == SEC && consent[i] ->
		logged[i] = true; on_reason[i] = true; st[i] = ORDERED }
	/* the view turned: what is still queued is taken back in the same commit, or it was acknowledged */
	:: atomic { st[i] == WAITSEC && view != SEC && queued[i] -> queued[i] = false; withdrawn[i] = true; st[i] = HOLD }
	/* rows 4 to 7, 12 */
	:: atomic { st[i] == HOLD && view == NOSEC && negproof && consent[i] && (!pinned || pin_ack[i]) && !acked[i] ->
		decide_absent(i) }
#ifdef BUG_OUTAGE
	:: atomic { st[i] == HOLD && view == UNK && consent[i] -> logged[i] = true; st[i] = ORDERED }
#endif
#ifdef BUG_PIN
	:: atomic { st[i] == HOLD && view == NOSEC && negproof && consent[i] && !acked[i] -> decide_absent(i) }
#endif
#ifdef BUG_NOCONSENT
	:: atomic { st[i] == HOLD && view == NOSEC && negproof -> logged[i] = true; on_reason[i] = true; st[i] = ORDERED }
#endif
#ifdef BUG_LOG
	:: atomic { st[i] == HOLD && view == NOSEC && negproof && consent[i] && (!pinned || pin_ack[i]) && !acked[i] ->
		on_reason[i] = true; st[i] = ORDERED }
#endif
	/* rows 9 and 12 at the deadline */
	:: atomic { st[i] == HOLD && !logged[i] -> st[i] = EXPIRED; rcpt[i] = true; break }
	/* the vault: the leg is recorded before the capsule is opened, and is opened once */
#ifdef BUG_USED
	:: atomic { st[i] == ORDERED && !handing[i] -> opened[i] = true; handing[i] = true }
#else
	:: atomic { st[i] == ORDERED && !used[i] -> used[i] = true; opened[i] = true; handing[i] = true }
#endif
	/* the link, and the outcome: two steps, a crash may come between */
	:: st[i] == ORDERED && handing[i] ->
		sms[i]++;
		if
		:: atomic { handing[i] -> st[i] = DONE_SMS; rcpt[i] = true; break }
		:: atomic { !handing[i] -> skip }
		fi
	/* after a restart: a leaf and a used leg without an outcome is in doubt, and is told as such */
	:: atomic { st[i] == ORDERED && used[i] && !handing[i] -> st[i] = IN_DOUBT; rcpt[i] = true; break }
	od
}

/* The chain dies and comes back: what it held in memory is gone. */
proctype Crash()
{
	do
	:: atomic { crashes < 2 -> crashes++; handing[0] = false; handing[1] = false }
	:: crashes == 2 -> break
	:: break
	od
}

init
{
	atomic {
		byte k;
		for (k : 0 .. NMSG - 1) {
			st[k] = HOLD;
			run Sender(k);
			run Device(k);
			run Core(k)
		}
		run Dir();
		run Crash()
	}
}

/* Nothing leaves unprotected without consent. */
ltl consented { [] ((sms[0] > 0 -> consent[0]) && (sms[1] > 0 -> consent[1])) }
/* Nothing is opened before its leaf is in the log. */
ltl logged_first { [] ((opened[0] -> logged[0]) && (opened[1] -> logged[1])) }
/* Never both ways, never twice. */
ltl once { [] (!(sms[0] > 0 && acked[0]) && sms[0] < 2) }
/* The end is told. */
ltl told { [] ((st[0] == DONE_SMS || st[0] == IN_DOUBT || st[0] == DONE_SEC || st[0] == EXPIRED) -> rcpt[0]) }
/* Only signed absence, or silence after withdrawal, is a reason. */
ltl reasoned { [] (logged[0] -> on_reason[0]) }
/* A pin is never broken silently. */
ltl pin_kept { [] (!broke_pin[0]) }
