// SPDX-License-Identifier: GPL-3.0-or-later
// An application made of npm smpp that binds again whenever its connection ends. It says each thing that happens as a JSON line, and does what
// the lines of its standard input say: [command, fields, tag]. Each gets an event of that tag: `answer`, or `lost` when the connection ended
// before or is not bound, so that nobody knows what became of it. The command "close" closes the connection.
import readline from 'node:readline';
import smpp from 'smpp';

const AGAIN_MS = 20;
const [url, bind] = process.argv.slice(2);
const say = (event, fields = {}) => process.stdout.write(JSON.stringify({ event, ...fields }) + '\n');
const plain = (pdu) => {
	const text = pdu.short_message?.message || (pdu.message_payload?.message ?? pdu.message_payload ?? '');
	const fields = { command: pdu.command, status: pdu.command_status };

	for (const name of ['message_id', 'message_state', 'esm_class', 'source_addr', 'destination_addr', 'receipted_message_id'])
		if (pdu[name] !== undefined)
			fields[name] = pdu[name];
	return { ...fields, text: String(text) };
};
const waiting = new Set();
let session, bound = false;

function connect() {
	const own = smpp.connect({ url }, () => {
		own.send(new smpp.PDU(bind, { system_id: 'app', password: 'secret8', interface_version: 0x34 }), (pdu) => {
			bound = own === session && pdu.command_status === 0;
			say('bound', plain(pdu));
			if (!bound)
				own.destroy();
		});
	});

	session = own;
	own.on('error', () => {}); // closed follows
	own.on('close', () => {
		bound = false;
		say('closed');
		for (const tag of waiting)
			say('lost', { tag });
		waiting.clear();
		setTimeout(connect, AGAIN_MS);
	});
	for (const command of ['deliver_sm', 'data_sm'])
		own.on(command, (pdu) => {
			say('deliver', plain(pdu));
			own.send(pdu.response());
		});
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
	const [command, fields, tag] = JSON.parse(line);

	if (command === 'close') {
		session.destroy();
		return;
	}
	if (!bound) {
		say('lost', { tag });
		return;
	}
	waiting.add(tag);
	session.send(new smpp.PDU(command, fields), (pdu) => {
		if (waiting.delete(tag))
			say('answer', { tag, ...plain(pdu) });
	});
}).on('close', () => process.exit(0));
connect();
