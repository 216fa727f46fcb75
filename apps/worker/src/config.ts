import { variables } from '@tidings/runtime'
import { z } from 'zod'

/** The environment variables that a worker reads. */
export const workerVariables = z.object(variables)
