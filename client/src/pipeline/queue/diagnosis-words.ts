/**
 * The faults that a proxy between the device and the gateway causes, and how to fix them. A proxy is not visible from
 * a tablet. Sending continues despite each of these faults.
 */
import type { Diagnosis } from './queued-study.ts';

export const DIAGNOSES: Readonly<Record<Diagnosis, { readonly title: string; readonly next: string }>> = {
  'proxy-limits-size': {
    title: 'A proxy on the way refuses large requests, so the study is sent in small pieces.',
    next: 'It still arrives, only more slowly. An administrator can raise the proxy’s limit for request bodies.',
  },
  'proxy-cuts-long-requests': {
    title: 'A proxy on the way ends long requests, so the study is sent in short pieces.',
    next: 'It still arrives, only more slowly. An administrator can raise the proxy’s time limit for requests.',
  },
  'proxy-buffers': {
    title:
      'A proxy on the way holds requests back until they are complete, so an interrupted request has to be sent again.',
    next: 'It still arrives, only more slowly. An administrator can switch off request buffering in the proxy.',
  },
  'proxy-answers': {
    title: 'Something else on this network answers instead of the gateway: a sign-in page, or a proxy.',
    next: 'Everything is safe on this device. Open any web page and sign in to the network there. If that does not help, an administrator must act.',
  },
};
