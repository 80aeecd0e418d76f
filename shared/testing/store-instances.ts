/** Instances stored by STOW-RS, as a script does with the key of an account, or anybody with their token. */
import type { GatewayAddress } from './accounts.ts';

export type Stored = {
  readonly token: string;
  readonly policy: 'identified' | 'deidentified';
  /** DICOM files. */
  readonly files: readonly Uint8Array[];
};

/** The gateway's answer, also a refusal. */
export function storeInstances({ api }: GatewayAddress, { token, policy, files }: Stored): Promise<Response> {
  const head = '--part\r\nContent-Type: application/dicom\r\n\r\n';
  const parts = files.flatMap((file) => [head, Uint8Array.from(file), '\r\n']);
  return fetch(`${api}/dicom-web/studies?policy=${policy}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'multipart/related; type="application/dicom"; boundary=part',
    },
    body: new Blob([...parts, '--part--']),
  });
}
