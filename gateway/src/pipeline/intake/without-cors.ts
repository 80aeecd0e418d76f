/** Removes @tus/server's CORS headers: the allowed origins are decided in one other place. */
export function withoutCors(response: Response): Response {
  for (const name of [...response.headers.keys()])
    if (name.startsWith('access-control-')) response.headers.delete(name);
  return response;
}
