/**
 * The tus routes: parcels of devices, and files of other clients, at `/upload/files`. Bodies are streamed and the
 * headers are the protocol's own, so the routes carry no schemas; describe-tus.ts writes out their part of the
 * contract.
 */
import { IncomingMessage } from 'node:http';
import { SENDERS } from '#shared/protocol/policy.ts';
import { METHOD_OVERRIDE, namedMethod } from '../../http/named-method.ts';
import { allow, callerOf, createRouter, type GatewayContext, type Router } from '../../http/route.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { isFileId } from '../stores/sent-file.store.ts';
import { senderOf } from '../stores/upload-owner.ts';
import { describeTus } from './describe-tus.ts';
import { BRINGS_BYTES } from './receive-parcel.ts';
import type { FileReceiver } from './receive-file.ts';
import type { ParcelReceiver } from './receive-parcel.ts';

/**
 * A browser sends a body to its end even if it was answered meanwhile, and the server would read all of it just to
 * throw it away. So the connection ends this long after the answer. Closing it at once would make the system drop
 * unread bytes.
 */
const ANSWERED_MS = 150;

function endUnread(request: IncomingMessage): void {
  if (request.complete) return;
  setTimeout(() => {
    if (!request.complete) request.socket.destroySoon();
  }, ANSWERED_MS).unref();
}

/** The allowed methods, depending on whether the address names a parcel or file. */
const METHODS = { one: ['HEAD', 'PATCH', 'DELETE', 'OPTIONS'], all: ['POST', 'OPTIONS'] } as const;

/**
 * The request with the method that it names (an override header). Its body is read from the socket; where there is none
 * and the method is overridden, the body is carried along.
 */
function named({ req }: GatewayContext, socket: IncomingMessage | undefined): Request {
  const method = namedMethod(req);
  const allowed: readonly string[] = req.param('id') === undefined ? METHODS.all : METHODS.one;
  // A parcel can never be read back.
  if (!allowed.includes(method))
    throw new Problem('method-not-allowed', undefined, { Allow: allowed.join(', ') });
  if (method === req.method) return req.raw;
  const { url, headers, body, signal } = req.raw;
  const isCarried = socket === undefined && BRINGS_BYTES.has(method) && body !== null;
  const request = new Request(url, { method, headers, signal, ...(isCarried && { body, duplex: 'half' }) });
  request.headers.delete(METHOD_OVERRIDE);
  return request;
}

/** Methods that need the file; other requests are answered without looking at it. */
const OF_A_FILE = new Set(['HEAD', 'PATCH', 'DELETE']);

export function tusRoutes(parcels: Pick<ParcelReceiver, 'handle'>, files: FileReceiver): Router {
  const router = createRouter();
  const answer = async (c: GatewayContext, socket: IncomingMessage | undefined): Promise<Response> => {
    const request = named(c, socket);
    const caller = callerOf(c);
    const sender = senderOf(caller);
    if (request.method === 'POST' && files.isCreation(request)) {
      const { siteId, roles } = caller;
      return files.create(request, { ...sender, siteId, roles }, socket);
    }
    const id = c.req.param('id');
    return id !== undefined && isFileId(id) && OF_A_FILE.has(request.method)
      ? files.resume(request, sender, id, socket)
      : parcels.handle(request, sender, socket);
  };
  const tus = async (c: GatewayContext): Promise<Response> => {
    const { incoming, outgoing } = c.env ?? {};
    const socket = incoming instanceof IncomingMessage ? incoming : undefined;
    if (socket !== undefined) outgoing?.once('finish', () => endUnread(socket));
    return answer(c, socket);
  };
  const mayCall = allow(SENDERS, { uploadRight: true, keys: ['upload'] });
  router.on(['POST', 'OPTIONS'], '/upload/files', mayCall, tus);
  // Hono serves HEAD by the handler of GET; the request's own method is still HEAD. A POST may name another method.
  router.on(['GET', 'POST', 'PATCH', 'DELETE', 'OPTIONS'], '/upload/files/:id', mayCall, tus);
  describeTus(router, SENDERS);
  return router;
}
