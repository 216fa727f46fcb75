import { z } from 'zod'

const text = z.string().optional().catch(undefined)
const number = z.number().optional().catch(undefined)

/** What a form needs to know of an input, out of its JSON Schema. What is of no use there is passed over. */
const fieldSchema = z.object({
  type: text,
  title: text,
  description: text,
  format: text,
  default: z.union([z.string(), z.number(), z.boolean()]).optional().catch(undefined),
  const: z.unknown().optional(),
  enum: z.array(z.string()).optional().catch(undefined),
  anyOf: z
    .array(z.object({ const: z.string() }))
    .optional()
    .catch(undefined),
  minLength: number,
  maxLength: number,
  minimum: number,
  maximum: number,
  exclusiveMinimum: number,
  exclusiveMaximum: number,
  multipleOf: number,
  /** The type that the schema has where JSON has none such. */
  unknown: text,
})

/** An input's schema, as a form needs it. */
export type FieldSchema = z.output<typeof fieldSchema> & { isRequired: boolean }

/** The inputs of a job by name, in the order of its definition; undefined where its schema is none of an object by zod. */
export function inputSchemas(schema: unknown): Map<string, FieldSchema> | undefined {
  if (!(schema instanceof z.core.$ZodType)) return undefined
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', override: describe })
  if (json.type !== 'object' || json.properties === undefined) return undefined
  return new Map(
    Object.entries(json.properties).map(([name, property]) => [
      name,
      { ...fieldSchema.parse(property), isRequired: json.required?.includes(name) === true },
    ]),
  )
}

// JSON has no dates: a job is given them as text, which such a schema reads.
function describe(context: { zodSchema: z.core.$ZodTypes; jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  const { zodSchema, jsonSchema } = context
  const { type } = zodSchema._zod.def
  if (type === 'date') {
    Object.assign(jsonSchema, { type: 'string', format: 'date-time' })
  } else if (jsonSchema.type === undefined) {
    jsonSchema.unknown = type
  }
}
