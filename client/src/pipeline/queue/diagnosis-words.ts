/**
 * The faults that a proxy between the device and the gateway causes, and how to fix them. A proxy is not visible from
 * a tablet. Sending continues despite each of these faults.
 */
import type { Diagnosis } from './queued-study.ts';

export const DIAGNOSES: Readonly<Record<Diagnosis, { readonly title: string; readonly next: string }>> = {
  'proxy-limits-size': {
    title:
      'A proxy between this device and the gateway rejects large requests, so the study is sent in small pieces.',
    next: 'Sending still works, but more slowly. An administrator can raise the proxy’s limit for request bodies.',
  },
  'proxy-cuts-long-requests': {
    title:
      'A proxy between this device and the gateway ends long requests, so the study is sent in small pieces.',
    next: 'Sending still works, but more slowly. An administrator can raise the proxy’s time limit for requests.',
  },
  'proxy-buffers': {
    title:
      'A proxy between this device and the gateway buffers requests, so an interrupted request must be sent again from its start.',
    next: 'Sending still works, but more slowly. An administrator can switch off request buffering in the proxy.',
  },
  'proxy-answers': {
    title: 'A sign-in page or proxy on this network is responding instead of the gateway.',
    next: 'Everything is safe on this device. Open any web page and sign in to the network. If that does not help, an administrator must correct this.',
  },
};
