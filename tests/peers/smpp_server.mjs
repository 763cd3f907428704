// SPDX-License-Identifier: GPL-3.0-or-later
// An SMSC made of npm smpp: says its port, then one JSON line for each event, with the octets that came for a dissector.
import smpp from 'smpp';

const say = (event, fields = {}) => process.stdout.write(JSON.stringify({ event, ...fields }) + '\n');
let next = 0x1A2B;

const server = smpp.createServer({}, (session) => {
	session.on('error', (error) => say('error', { text: String(error.message) }));
	session.socket.on('data', (octets) => say('octets', { hex: octets.toString('hex') }));
	session.on('bind_transceiver', (pdu) => {
		say('bind', { system_id: pdu.system_id, version: pdu.interface_version });
		session.send(pdu.response());
	});
	session.on('submit_sm', (pdu) => {
		const id = (next++).toString(16).toUpperCase();
		const udh = pdu.short_message.udh ? Buffer.concat([].concat(pdu.short_message.udh)).toString('hex') : '';

		say('submit', { id, esm_class: pdu.esm_class, data_coding: pdu.data_coding, udh,
			destination: pdu.destination_addr, source: pdu.source_addr, dest_ton: pdu.dest_addr_ton,
			validity: String(pdu.validity_period?.toISOString?.() ?? pdu.validity_period),
			umr: pdu.user_message_reference, text: pdu.short_message.message });
		session.send(pdu.response({ message_id: id }));
		session.deliver_sm({ source_addr_ton: 1, source_addr_npi: 1, source_addr: pdu.destination_addr,
			destination_addr: pdu.source_addr, esm_class: 4, receipted_message_id: id, message_state: 2,
			short_message: `id:${id} sub:001 dlvrd:001 submit date:2611240700 done date:2611240700 stat:DELIVRD err:000 text:` },
		(resp) => say('deliver_resp', { status: resp.command_status }));
	});
	session.on('enquire_link', (pdu) => session.send(pdu.response()));
	session.on('unbind', (pdu) => {
		say('unbind');
		session.send(pdu.response());
	});
	session.on('close', () => say('close'));
});
server.listen(0, '127.0.0.1', () => say('listening', { port: server.address().port }));
