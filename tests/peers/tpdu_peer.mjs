// SPDX-License-Identifier: GPL-3.0-or-later
// TPDUs by npm node-pdu. "read": what it reads in each line of standard input, an SMSC address and a TPDU in hexadecimal, as a JSON line.
// "make": for each JSON line, {kind, to, text, ...}, the TPDUs that it makes of that, one for each part.
import readline from 'node:readline';
import { Deliver, Submit, parse, utils } from 'node-pdu';

const hex = (text, coding) => Buffer.from(text ?? '', coding).toString('hex');

const address = ({ address: { type, phone } }) => ({ ton: type.type, npi: type.plan, address: hex(phone) });

const time = (stamp) => ({ unix: stamp.time, zone: stamp.tzOff / 15 });

const userData = (pdu) => {
	const part = pdu.data.parts[0];
	const header = part.header && part.header.getType() !== undefined
		? { concat: [part.header.getPointer(), part.header.getSegments(), part.header.getCurrent()] } : {};
	const binary = pdu.dataCodingScheme.textAlphabet === utils.DCS.ALPHABET_8BIT;

	return { ...header, udl: part.size, ...(binary ? { body: hex(part.text, 'latin1') } : { text: hex(part.text) }) };
};

const flags = (type) => ({ rp: type.replyPath, udhi: type.userDataHeader, report: type.statusReportRequest, bit2: type.rejectDuplicates });

const coding = (pdu) => ({ pid: pdu.protocolIdentifier.getValue(), dcs: pdu.dataCodingScheme.getValue() });

const fields = (pdu) => {
	switch (pdu.type.messageTypeIndicator) {
	case utils.PDUType.SMS_SUBMIT:
		return { kind: 'submit', ...flags(pdu.type), mr: pdu.messageReference, ...address(pdu), ...coding(pdu),
			vpf: pdu.type.validityPeriodFormat, validity_s: pdu.validityPeriod.interval,
			until: pdu.validityPeriod.dateTime ? pdu.validityPeriod.dateTime.getTime() / 1000 : null, ...userData(pdu) };
	case utils.PDUType.SMS_DELIVER:
		return { kind: 'deliver', ...flags(pdu.type), ...address(pdu), ...coding(pdu), scts: time(pdu.serviceCenterTimeStamp), ...userData(pdu) };
	default:
		return { kind: 'report', ...flags(pdu.type), mr: pdu.reference, ...address(pdu), scts: time(pdu.dateTime), dt: time(pdu.discharge),
			st: pdu.status };
	}
};

const read = (line) => {
	try {
		return fields(parse(line));
	} catch (error) {
		return { error: error.message };
	}
};

const make = (line) => {
	const wanted = JSON.parse(line);
	const type = { statusReportRequest: wanted.report, replyPath: wanted.rp };
	const pdu = wanted.kind === 'submit'
		? new Submit(wanted.to, wanted.text, { messageReference: wanted.mr, type: new utils.SubmitType({ ...type, rejectDuplicates: wanted.bit2,
			// said here, too, since it writes the first octet before it looks at the validity
			validityPeriodFormat: wanted.validity_s ? utils.PDUType.VPF_RELATIVE : utils.PDUType.VPF_NONE }) })
		: new Deliver(wanted.to, wanted.text, { type: new utils.DeliverType({ ...type, mms: wanted.bit2 }),
			serviceCenterTimeStamp: new utils.SCTS(new Date(wanted.unix * 1000), wanted.zone * 15) });

	if (wanted.kind === 'submit' && wanted.validity_s)
		pdu.setValidityPeriod(wanted.validity_s);
	if (wanted.smsc)
		pdu.setServiceCenterAddress(wanted.smsc);
	return pdu.getPartStrings();
};

const answer = process.argv[2] === 'make' ? make : read;

for await (const line of readline.createInterface({ input: process.stdin }))
	process.stdout.write(JSON.stringify(answer(line)) + '\n');
