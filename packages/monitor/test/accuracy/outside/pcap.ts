import { TcpPayload } from './tcp-payload.ts';

/** pcap's file header and each packet's, in bytes. */
const fileHeader = 24;
const packetHeader = 16;
const ethernetHeader = 14;

/** Reads a capture of an Ethernet-like device (loopback is one) and sums TCP payload by server port. */
export function readCapture(file: Buffer): TcpPayload {
  const [little, link] = [file.readUInt32LE(0) === 0xa1b2c3d4, file.readUInt32LE(20)];
  if (!little || link !== 1) throw new Error(`expected a little-endian Ethernet capture, got link type ${link}`);
  const payload = new TcpPayload();
  for (let at = fileHeader; at + packetHeader <= file.length; ) {
    const captured = file.readUInt32LE(at + 8);
    takePacket(payload, file.subarray(at + packetHeader, at + packetHeader + captured));
    at += packetHeader + captured;
  }
  return payload;
}

function takePacket(payload: TcpPayload, packet: Buffer): void {
  const type = packet.readUInt16BE(12);
  const ip = packet.subarray(ethernetHeader);
  if (type === 0x0800 && ip[9] === 6) takeIp4(payload, ip);
  else if (type === 0x86dd && ip[6] === 6) takeSegment(payload, ip.subarray(40), ip.readUInt16BE(4));
}

function takeIp4(payload: TcpPayload, ip: Buffer): void {
  const header = ((ip[0] as number) & 15) * 4;
  takeSegment(payload, ip.subarray(header), ip.readUInt16BE(2) - header);
}

/** `length` is the segment's on the wire; the capture holds only its beginning. */
function takeSegment(payload: TcpPayload, tcp: Buffer, length: number): void {
  const header = ((tcp[12] as number) >> 4) * 4;
  payload.take({
    from: tcp.readUInt16BE(0),
    to: tcp.readUInt16BE(2),
    sequence: tcp.readUInt32BE(4),
    opens: ((tcp[13] as number) & 2) !== 0,
    bytes: length - header,
  });
}
