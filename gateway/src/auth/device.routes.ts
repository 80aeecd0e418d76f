/** `/auth/enrol` and `/auth/device-token`: the right to send that outlives a login (device-right.ts). */
import { z } from '@hono/zod-openapi';
import {
  deviceTokenAnswerSchema,
  deviceTokenSchema,
  enrolAnswerSchema,
  enrolSchema,
  type Role,
} from '#shared/protocol/api.ts';
import { callerOf, createRouter, defineRoute, jsonBody, jsonResponse, type Router } from '../http/route.ts';
import { deviceNameOf } from './device-name.ts';
import { type DeviceRightTools, enrolDevice, giveDeviceToken } from './device-right.ts';

const enrolAnswer = z.object(enrolAnswerSchema.shape).openapi('EnrolledDevice');
const tokenAnswer = z.object(deviceTokenAnswerSchema.shape).openapi('DeviceToken');

/** `senders`: the roles that at least one policy allows to send. */
type DeviceRouteTools = DeviceRightTools & { readonly senders: readonly Role[] };

function routesFor(senders: readonly Role[]) {
  return {
    enrol: defineRoute({
      method: 'post',
      path: '/auth/enrol',
      operationId: 'enrolDevice',
      roles: senders,
      tags: ['auth'],
      summary:
        'Let this device send what you queue on it, after your session has ended too. Repeatable: the same key is the same device',
      request: { body: jsonBody(enrolSchema) },
      responses: {
        200: jsonResponse(enrolAnswer, 'The device’s id, and the audience that its assertions name.'),
      },
    }),
    deviceToken: defineRoute({
      method: 'post',
      path: '/auth/device-token',
      operationId: 'getDeviceToken',
      roles: 'public',
      tags: ['auth'],
      problems: ['session-ended', 'assertion-refused', 'too-many-attempts'],
      summary:
        'Exchange an enrolled device’s signed assertion (RFC 7523) for a token that reaches this device’s own uploads and nothing else',
      request: { body: jsonBody(deviceTokenSchema) },
      responses: { 200: jsonResponse(tokenAnswer, 'A token with `scope: upload`.') },
    }),
  };
}

export function deviceRoutes(tools: DeviceRouteTools): Router {
  const router = createRouter();
  const routes = routesFor(tools.senders);
  router.openapi(routes.enrol, async (c) => {
    const name = deviceNameOf(c.req.header('user-agent'));
    const deviceId = await enrolDevice(tools, callerOf(c), { name, key: c.req.valid('json').publicKey });
    return c.json({ deviceId, audience: tools.audiences[0] }, 200);
  });
  router.openapi(routes.deviceToken, async (c) =>
    c.json(await giveDeviceToken(tools, c.req.valid('json').assertion), 200),
  );
  return router;
}
