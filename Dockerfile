# One image for web, worker, beat and migrate. The lock is installed by its hashes.
FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY requirements.lock ./
RUN python -m venv /venv \
 && /venv/bin/pip install --quiet --require-hashes --no-deps --only-binary :all: -r requirements.lock
COPY . .
# The font, the translations and the static files are made here, with values that only serve for that.
RUN SECRET_KEY=build DATABASE_URL=postgresql://build@build/build DJANGO_SETTINGS_MODULE=config.settings.dev \
    STATIC_ROOT=/app/staticfiles APP_VAR=/tmp/build /venv/bin/python -m config.embedded.assets

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=config.settings.prod STATIC_ROOT=/app/staticfiles APP_VAR=/data
RUN useradd --system --uid 10001 --home-dir /data --no-create-home ketnap \
 && install -d -o ketnap -g ketnap -m 0750 /data /data/media /data/beat
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
USER ketnap
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--config", "deploy/gunicorn.conf.py"]
