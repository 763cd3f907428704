// SPDX-License-Identifier: GPL-3.0-or-later
// An application made of npm smpp: binds to the URL in its first argument, says each thing that happens as a JSON line, and does what
// the lines of its standard input say: [command, fields].
import fs from 'node:fs';
import readline from 'node:readline';
import smpp from 'smpp';

const [url, bind, ca] = process.argv.slice(2);

smpp.addTLV('idempotency_key', { id: 0x1500, type: smpp.types.tlv.string });
smpp.addTLV('protection', { id: 0x1420, type: smpp.types.tlv.buffer });
const say = (event, fields = {}) => process.stdout.write(JSON.stringify({ event, ...fields }) + '\n');
const plain = (pdu) => {
	const text = pdu.short_message?.message || (pdu.message_payload?.message ?? pdu.message_payload ?? '');
	const fields = { command: pdu.command, status: pdu.command_status };

	for (const name of ['message_id', 'message_state', 'esm_class', 'data_coding', 'source_addr', 'destination_addr', 'receipted_message_id',
		'sc_interface_version', 'unsuccess_sme', 'additional_status_info_text', 'user_message_reference'])
		if (pdu[name] !== undefined)
			fields[name] = pdu[name];
	for (const name of ['protection'])
		if (pdu[name] !== undefined)
			fields[name] = String(pdu[name]);
	return { ...fields, text: String(text), udh: pdu.short_message?.udh ? Buffer.concat([].concat(pdu.short_message.udh)).toString('hex') : '' };
};
const { SMPP_SYSTEM_ID = 'app', SMPP_PASSWORD = 'secret8', SMPP_CERT, SMPP_KEY } = process.env;
const files = { ...(ca ? { ca: fs.readFileSync(ca), checkServerIdentity: () => undefined } : {}),
	...(SMPP_CERT ? { cert: fs.readFileSync(SMPP_CERT), key: fs.readFileSync(SMPP_KEY) } : {}) };
const session = smpp.connect({ url, ...files }, () => {
	session.send(new smpp.PDU(bind, { system_id: SMPP_SYSTEM_ID, password: SMPP_PASSWORD, interface_version: 0x34 }),
		(pdu) => say('bound', plain(pdu)));
});

session.on('error', (error) => say('error', { text: String(error.message) }));
session.on('close', () => say('close'));
for (const command of ['deliver_sm', 'data_sm'])
	session.on(command, (pdu) => {
		say('deliver', plain(pdu));
		session.send(pdu.response());
	});
readline.createInterface({ input: process.stdin }).on('line', (line) => {
	const [command, fields] = JSON.parse(line, (_, value) => value?.type === 'Buffer' ? Buffer.from(value.data) : value);

	session.send(new smpp.PDU(command, fields), (pdu) => say('answer', plain(pdu)));
}).on('close', () => session.destroy());
