// SPDX-License-Identifier: GPL-3.0-or-later
// An SMSC made of npm smpp: says its port, then one JSON line for each event, with the octets that came for a dissector.
// Options as one JSON object: decimal (ids of receipts are), text (receipts without TLVs),
// key and cert (files: TLS).
import { readFileSync } from 'node:fs';
import smpp from 'smpp';

const options = JSON.parse(process.argv[2] ?? '{}');
const tls = options.key ? { key: readFileSync(options.key), cert: readFileSync(options.cert) } : {};
const receivers = new Set();
const waiting = []; // receipts that came before a bind that takes them

const deliver = () => {
	const [receiver] = receivers;

	while (receiver && waiting.length)
		receiver.deliver_sm(waiting.shift(), (resp) => say('deliver_resp', { status: resp.command_status }));
};

const say = (event, fields = {}) => process.stdout.write(JSON.stringify({ event, ...fields }) + '\n');
let next = 0x1A2B;

const server = smpp.createServer(tls, (session) => {
	session.on('error', (error) => say('error', { text: String(error.message) }));
	session.socket.on('data', (octets) => say('octets', { hex: octets.toString('hex') }));
	for (const kind of ['bind_transceiver', 'bind_transmitter', 'bind_receiver'])
		session.on(kind, (pdu) => {
			say('bind', { system_id: pdu.system_id, version: pdu.interface_version, ...(kind === 'bind_transceiver' ? {} : { kind }) });
			if (kind !== 'bind_transmitter')
				receivers.add(session);
			session.send(pdu.response());
			deliver();
		});
	session.on('submit_sm', (pdu) => {
		const id = (next++).toString(16).toUpperCase();
		const udh = pdu.short_message.udh ? Buffer.concat([].concat(pdu.short_message.udh)).toString('hex') : '';

		say('submit', { id, esm_class: pdu.esm_class, data_coding: pdu.data_coding, udh,
			destination: pdu.destination_addr, source: pdu.source_addr, dest_ton: pdu.dest_addr_ton,
			validity: String(pdu.validity_period?.toISOString?.() ?? pdu.validity_period),
			umr: pdu.user_message_reference, text: pdu.short_message.message ?? pdu.message_payload?.message ?? pdu.message_payload,
			sar: [pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum] });
		session.send(pdu.response({ message_id: id }));
		const shown = options.decimal ? String(parseInt(id, 16)).padStart(10, '0') : id;
		const receipt = { source_addr_ton: 1, source_addr_npi: 1, source_addr: pdu.destination_addr,
			destination_addr: pdu.source_addr, esm_class: 4,
			short_message: `id:${shown} sub:001 dlvrd:001 submit date:2611240700 done date:2611240700 stat:DELIVRD err:000 text:` };
		if (!options.text)
			Object.assign(receipt, { receipted_message_id: shown, message_state: 2 });
		waiting.push(receipt);
		deliver();
	});
	session.on('enquire_link', (pdu) => session.send(pdu.response()));
	session.on('unbind', (pdu) => {
		say('unbind');
		session.send(pdu.response());
	});
	session.on('close', () => {
		receivers.delete(session);
		say('close');
	});
});
server.listen(0, '127.0.0.1', () => say('listening', { port: server.address().port }));
