// For `npm run db:generate -- --config drizzle.config.shop.ts`, the example's tables.
import { defineConfig } from 'drizzle-kit'

export default defineConfig({
  dialect: 'postgresql',
  schema: './drizzle/shop/schema.ts',
  out: './drizzle/shop/migrations',
  schemaFilter: ['public'],
})
