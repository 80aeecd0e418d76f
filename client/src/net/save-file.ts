/** Saves a file from the gateway on this device under a name. */
import { problemOf, type ApiClient } from './api-client.ts';

/** @throws ApiProblem, Unreachable. */
export async function saveFile(api: Pick<ApiClient, 'send'>, path: string, name: string): Promise<void> {
  const answer = await api.send(path, {});
  if (!answer.ok) throw await problemOf(answer);
  saveBlob(await answer.blob(), name);
}

export function saveBlob(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
