/**
 * The method that a request names. tus 1.0 (protocol, X-HTTP-Method-Override): "a string which MUST be interpreted as
 * the request's method by the Server, if the header is presented. The actual method of the request MUST be ignored."
 * Networks that let only GET and POST through leave no other way. Applies only to the tus routes.
 */
import type { HonoRequest } from 'hono';

export const METHOD_OVERRIDE = 'x-http-method-override';
const TUS_ROUTE = '/upload/files';

export function namedMethod(request: Pick<HonoRequest, 'method' | 'path' | 'header'>): string {
  const named = request.header(METHOD_OVERRIDE);
  const isTus = request.path === TUS_ROUTE || request.path.startsWith(`${TUS_ROUTE}/`);
  return named !== undefined && isTus ? named.toUpperCase() : request.method;
}
