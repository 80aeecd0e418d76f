/** The gateway's address for `--gateway`, as this page reaches it. */
import { useApi } from '../net/net-context.ts';

export const useGateway = (): string => new URL(useApi().baseUrl, location.href).href;
