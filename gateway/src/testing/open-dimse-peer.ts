/** A gateway that listens for DIMSE, and peers that may store into it. */
import type { DimsePeer, DimsePeers, DimsePeerWish } from '#shared/protocol/dimse-peer.ts';
import { freePort } from '../../../scripts/system/ports.ts';
import { openTestGateway, type TestGateway, type TestGatewayOptions } from './open-gateway.ts';

export type ListeningGateway = TestGateway & { readonly port: number };

export async function openListeningGateway(options: TestGatewayOptions = {}): Promise<ListeningGateway> {
  const port = await freePort();
  const env = { ...options.env, RELAY_DIMSE_PORT: String(port) };
  return { ...(await openTestGateway({ ...options, env })), port };
}

export type AskedPeer = Partial<DimsePeerWish> & Pick<DimsePeerWish, 'accountId' | 'aeTitle'>;

/** On this machine, identified, unless it says otherwise. */
export async function makeTestPeer(gateway: TestGateway, asked: AskedPeer): Promise<DimsePeer> {
  const { accessToken: token } = await gateway.signIn();
  const wish: DimsePeerWish = {
    ...{
      name: `the modality ${asked.aeTitle}`,
      addresses: ['127.0.0.1'],
      policy: 'identified',
      reason: null,
    },
    ...asked,
  };
  const answer = await gateway.call('POST', '/admin/dimse-peers', { token, body: wish });
  if (answer.status !== 201) throw new Error(await answer.text());
  return (await answer.json()) as DimsePeer;
}

export async function listTestPeers(gateway: TestGateway): Promise<DimsePeers> {
  const { accessToken: token } = await gateway.signIn();
  return (await (await gateway.call('GET', '/admin/dimse-peers', { token })).json()) as DimsePeers;
}
